#include "cli/gateway.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/backup_duty.h"
#include "cli/certificate_watch.h"
#include "cli/content_filters.h"
#include "cli/control_client.h"
#include "cli/control_server.h"
#include "cli/drill.h"
#include "cli/feeders.h"
#include "cli/front_door.h"
#include "cli/housekeeping.h"
#include "cli/notify.h"
#include "cli/pop3_users.h"
#include "cli/recipients.h"
#include "cli/reject_lists.h"
#include "cli/scrub.h"
#include "cli/signals.h"
#include "cli/watchdog.h"
#include "net/answer.h"
#include "net/counters.h"
#include "net/dated_file.h"
#include "net/descriptors.h"
#include "net/listener.h"
#include "net/log.h"
#include "net/loop.h"
#include "net/passed_sockets.h"
#include "net/pool.h"
#include "net/rates.h"
#include "popd/driver.h"
#include "smtpd/driver.h"
#include "smtpd/driver_reporter.h"
#include "smtpd/refusal_keeper.h"
#include "store/marks.h"
#include "store/store.h"

namespace guichet::cli {
namespace {

using conf::Settings;
using net::Level;

constexpr unsigned pool_threads = 4;
// One: whoever guesses passwords gets one processor at most, and 64 MB.
constexpr unsigned hashing_threads = 1;
constexpr std::size_t messages_learned_at_start = 1000;  // a fraction of a second; the rest beside serving
const Duty::Options learner_times{
    .name = "greylist", .first = std::chrono::milliseconds(0), .interval = std::chrono::seconds(30)};
const Duty::Options left_times{
    .name = "deliver-more", .first = std::chrono::minutes(1), .interval = std::chrono::minutes(1)};
constexpr std::chrono::seconds patience_with_a_gateway{1};  // it may be about to end
constexpr std::chrono::seconds patience_with_a_command{60};

// Anything that keeps the gateway from starting: one line for the operator, exit 1.
template <class T>
using Started = tl::expected<T, std::string>;

// --- From settings to what the rooms take --------------------------------------------------------------

smtpd::ServerOptions smtpd_options(const conf::SmtpdSettings& settings, const conf::TlsSettings& tls) {
  smtpd::ServerOptions options{.hostname = settings.hostname, .neighbours = {}, .limits = {}, .patience = {}};
  options.neighbours = {.proxies = net::Networks(settings.proxy_protocol_from),
                        .xclients = net::Networks(settings.xclient_from),
                        .upstreams = net::Networks(settings.trusted_upstream)};
  options.limits.command_octets_max = settings.command_octets_max;
  options.limits.recipients_max = settings.recipients_max;
  options.limits.message_octets_max = settings.message_octets_max;
  options.limits.errors_max = settings.errors_max;
  options.soft_refuse = settings.soft_refuse;
  options.chunking = settings.chunking;
  if (settings.line_endings == conf::LineEndings::strict) options.line_endings = smtpd::LineEndings::kStrict;
  options.handshake_timeout = std::chrono::seconds(tls.handshake_timeout_s);
  const std::chrono::seconds idle(settings.idle_timeout_s);
  options.patience = {.next_command = idle,
                      .whole_command = std::min(idle, std::chrono::seconds(settings.command_timeout_s)),
                      .body_pause = idle,
                      .session = std::chrono::seconds(settings.session_timeout_s)};
  options.data_rate_octets_per_s_min = settings.data_rate_octets_per_s_min;
  return options;
}

// An upstream hands in the mail of all.
net::Networks unlimited_clients(const conf::SmtpdSettings& settings) {
  auto networks = settings.trusted_networks;
  networks.insert(networks.end(), settings.trusted_upstream.begin(), settings.trusted_upstream.end());
  return net::Networks(networks);
}

popd::ServerOptions popd_options(const Settings& settings) {
  popd::ServerOptions options{.hostname = settings.smtpd.hostname, .limits = {}};
  options.idle_timeout = std::chrono::seconds(settings.popd.idle_timeout_s);
  options.handshake_timeout = std::chrono::seconds(settings.tls.handshake_timeout_s);
  return options;
}

popd::GuessRules guess_rules(const conf::PopdSettings& settings) {
  return {.delay_max = std::chrono::seconds(settings.login_delay_max_s),
          .failures_max = settings.login_failures_max,
          .lock = std::chrono::seconds(settings.login_lock_s)};
}

popd::MaildropOptions maildrop_options(const conf::PopdSettings& settings) {
  return {.offers = {settings.session_messages_max, settings.offers_max},
          .displace_after = std::chrono::seconds(settings.displace_after_s)};
}

// What a login reads before it lists it (popd/maildrops) need not be read back before.
store::StoreOptions store_options(const conf::StoreSettings& settings, const conf::PopdSettings& popd,
                                  Feeders& feeders) {
  return {.path = settings.path,
          .volume_octets_max = settings.volume_octets_max,
          .volume_age_max_s = settings.volume_age_max_days * 86'400,
          .prepare_octets = settings.prepare_octets,
          .commit_wait_us = settings.commit_wait_us,
          .bodies_octets_max = settings.bodies_octets_max,
          .read_back = !popd::reads_ahead(popd.session_messages_max),
          .reserve_percent = settings.reserve_percent,
          .answer_batch = [&feeders](const std::function<void()>& answer) {
            const net::Together together;
            answer();
            feeders.wake();
          }};
}

// Connections, and a spool file for each that sends a large body; more only if the machine's limit allows it.
unsigned make_room_for_sessions(const Settings& settings) {
  constexpr unsigned others = 512;
  const auto wanted = 2 * settings.smtpd.sessions_max + settings.popd.sessions_max + others;
  const auto limit = net::raise_descriptor_limit(wanted);
  if (limit < wanted)
    net::log_event(Level::warn, "descriptors",
                   {{"text", "this process may have " + std::to_string(limit) + " files open, and " +
                                 std::to_string(wanted) +
                                 " are wanted for sessions_max: raise LimitNOFILE, or ulimit -n"}});
  return net::connection_descriptors_max(limit);
}

// The last tenth is for whoever is known: for POP3 that is the poller, whoever fills the rest. More sessions
// than descriptors are none.
template <class RoomSettings>
net::Admission::Limits admission_limits(const char* name, const RoomSettings& settings,
                                        unsigned descriptors_max) {
  const auto sessions_max = std::min(settings.sessions_max, descriptors_max);
  return {.sessions_max = sessions_max,
          .per_address_max = settings.sessions_per_address_max,
          .reserved = sessions_max / 10,
          .descriptors_max = descriptors_max,
          .name = name};
}

// --- The gateway ---------------------------------------------------------------------------------------

// {"ok":true,"counters":{NAME:N}}; names are ours and need no escaping.
std::string counters_in_json() {
  std::string json = R"({"ok":true,"counters":{)";
  for (const auto& count : net::all_counts())
    json.append(json.back() == '{' ? "\"" : ",\"")
        .append(count.name)
        .append("\":")
        .append(std::to_string(count.value));
  return json + "}}";
}

void alarm(const std::string& text) {
  net::log_event(Level::error, "store.alarm", {{"text", text}});
}

void filter_news(const std::string& text) {
  net::log_event(Level::info, "filters", {{"text", text}});
}

void reject_list_news(const std::string& text) {
  net::log_event(Level::info, "reject_list", {{"text", text}});
}

class Gateway {
 public:
  Gateway(const Settings& settings, net::PassedSockets passed)
      : settings_(settings),
        passed_(std::move(passed)),
        disk_(store::real_disk()),
        clock_(store::real_clock()),
        ids_(store::random_ids()),
        loops_(settings.smtpd.threads, std::chrono::microseconds(settings.smtpd.busy_poll_us)),
        descriptors_(make_room_for_sessions(settings)),
        smtp_admission_(admission_limits("smtp", settings.smtpd, descriptors_),
                        unlimited_clients(settings.smtpd)),
        pop3_admission_(admission_limits("pop3", settings.popd, descriptors_),
                        net::Networks(settings.smtpd.trusted_networks)),
        guesses_(settings.smtpd.guesses_max),
        messages_(settings.smtpd.messages_per_minute_max),
        recipients_(settings.smtpd.recipients_per_minute_max),
        pool_(pool_threads),
        hashing_(hashing_threads) {}

  ~Gateway() { feeders_.stop(); }  // they use what is destroyed before them

  // In the order in which a mistake of the operator is cheapest: files, then the store, then the ports.
  Started<void> start() {
    smtpd::mention_counters();
    if (auto made = make_servers(); !made) return made;
    if (auto left = deliver_what_is_left(); !left) return left;
    start_backup();
    auto control = ControlServer::open(control_socket(settings_.store.path), *store_, commands());
    if (!control) return tl::unexpected(control.error());
    control_ = std::move(*control);
    if (auto listening = listen(); !listening) return listening;
    if (auto fed = feeders_.start(settings_, *store_, *disk_, *clock_, say()); !fed)
      return tl::unexpected(fed.error());
    housekeeping_.emplace(settings_, *store_, *clock_);
    loops_.start();
    if (lessons_)
      learner_ = std::make_unique<Duty>(
          learner_times, [this](const std::stop_token& stop) { lessons_->learn(SIZE_MAX, stop); });
    scrubber_ = Scrubber::start(settings_.store, alarm);
    drill_ = drill_duty(settings_, alarm);
    if (!filters_)  // history may come in (restore --merge) that was filed and never judged
      left_ = std::make_unique<Duty>(left_times, [this](const std::stop_token&) {
        if (const auto delivered = deliver_what_is_left(); !delivered) alarm(delivered.error());
      });
    announce();
    return {};
  }

  // What can be read again while sessions go on.
  void reload() {
    if (certificate_watch_) certificate_watch_->read_again();
    net::log_event(Level::info, "reload",
                   {{"text", "read again: certificates; the configuration needs a restart"}});
  }

  [[nodiscard]] bool failed() const { return store_->failed(); }

  // Whoever must turn for mail to be taken: each I/O loop, and the store's writer.
  unsigned ask_all(const std::function<void()>& answered) {
    store_->append({.body = {}, .facts = {}, .done = [answered](const store::Result<void>&) { answered(); }});
    return 1 + loops_.turn(answered);
  }

  // What was acknowledged is durable already; this is about good manners. False: a session still waits for
  // something that did not come within the grace, and what it refers to must not be destroyed.
  [[nodiscard]] bool stop() {
    scrubber_.reset();
    for (auto& listener : listeners_)
      listener->stop();
    if (filters_) filters_->begin_stop();  // before DNS says anything that is not so
    if (resolver_) resolver_->stop();      // a session that waits for DNS has its answer now
    loops_.stop(std::chrono::seconds(settings_.gateway.shutdown_grace_s));
    if (filters_) filters_->stop();
    feeders_.stop();
    drill_.reset();
    left_.reset();
    learner_.reset();
    pool_.stop();
    if (greylist_pool_) greylist_pool_->stop();
    hashing_.stop();
    control_.reset();
    housekeeping_.reset();
    certificate_watch_.reset();
    backup_.reset();
    refusals_->flush();
    store_->stop();
    return loops_.drain();
  }

 private:
  Started<void> make_servers() {
    auto users = pop3_users(settings_);
    if (!users) return tl::unexpected(users.error());
    reject_lists_.emplace(settings_.sites, RejectListFile::Tell{alarm, reject_list_news});
    auto sites = sites_of(settings_, *reject_lists_);
    if (!sites) return tl::unexpected(sites.error());
    reject_lists_->watch();
    auto certificates = open_certificates(settings_);
    if (!certificates) return tl::unexpected(certificates.error());
    auto store = open_store();
    if (!store) return tl::unexpected("the store cannot be opened: " + store.error().text);
    store_ = std::move(*store);
    users_.emplace(std::move(*users));
    policy_.emplace(std::move(*sites), routes_of(settings_));
    intake_.emplace(*store_, *clock_, *ids_, intake_options());
    if (auto opened = open_filters(); !opened) return opened;
    smtp_.emplace(smtpd::Server{
        smtpd_options(settings_.smtpd, settings_.tls), *policy_, *intake_, pool_, messages_, recipients_,
        certificates->smtp, guesses_,
        std::make_unique<net::HandshakeFailures>(std::chrono::hours(settings_.smtpd.starttls_withheld_h)),
        reporter()});
    if (auto opened = open_front_door(); !opened) return opened;
    gate_.emplace(*users_, guess_rules(settings_.popd));
    maildrops_.emplace(maildrop_options(settings_.popd), *store_, *clock_, alarm);
    pop3_.emplace(popd::Server{popd_options(settings_), *gate_, *maildrops_, *store_, pool_, hashing_,
                               net::Networks(settings_.smtpd.trusted_networks), certificates->pop3});
    if (certificates->smtp || certificates->pop3)
      certificate_watch_.emplace(settings_, std::move(*certificates), *clock_);
    return {};
  }

  smtpd::IntakeOptions intake_options() {
    smtpd::IntakeOptions options{.hostname = settings_.smtpd.hostname,
                                 .spool_octets_min = settings_.store.spool_octets_min};
    if (settings_.filters.any())
      options.judge = [this](const store::MessageId& message) { filters_->judge(message); };
    if (settings_.filters.ask_before_answer)
      options.judge_first = [this](const store::MessageId& message, smtpd::IntakeOptions::Judged done) {
        filters_->judge_first(message, std::move(done));
      };
    return options;
  }

  Started<void> open_filters() {
    if (!settings_.filters.any()) return {};
    auto made = ContentFilters::make({.settings = settings_,
                                      .intake = *intake_,
                                      .policy = *policy_,
                                      .resolver = settings_.filters.authentication ? &resolver() : nullptr,
                                      .alarm = alarm,
                                      .news = filter_news});
    if (!made) return tl::unexpected(made.error());
    filters_ = std::move(*made);
    return {};
  }

  // The one that all ask.
  net::Resolver& resolver() {
    if (resolver_) return *resolver_;
    resolver_.emplace(resolver_options(settings_.resolver));
    if (!resolver_->trouble().empty()) alarm("DNS cannot be asked: " + resolver_->trouble());
    return *resolver_;
  }

  Started<void> open_front_door() {
    auto rules = door_rules(settings_);
    if (!rules) return tl::unexpected(rules.error());
    if (!in_use(*rules)) return {};
    front_door_.rules = std::move(*rules);
    if (asks_dns(front_door_.rules)) front_door_.resolver = &resolver();
    if (remembers(front_door_.rules)) {
      auto options = greylist_options(settings_);
      options.learns = true;
      greylist_.emplace(std::move(options), *clock_, alarm);
      lessons_.emplace(*greylist_, store_->archive());
      lessons_->learn(messages_learned_at_start);
      greylist_pool_.emplace(1u);
      front_door_.greylist = &*greylist_;
      smtp_->greylist_pool = &*greylist_pool_;
    }
    smtp_->front_door = &front_door_;
    return {};
  }

  // A command such as list holds the lock while it does, after a crash, what a start does: that is no reason
  // not to start. Another gateway is.
  store::Result<std::unique_ptr<store::Store>> open_store() {
    const auto begin = std::chrono::steady_clock::now();
    for (bool said = false;;) {
      auto store = store::Store::open(store_options(settings_.store, settings_.popd, feeders_), *disk_,
                                      *clock_, *ids_, alarm);
      if (store || store.error().kind != store::ErrorKind::busy) return store;
      const bool gateway = gateway_listens(settings_.store.path);
      const auto patience = gateway ? patience_with_a_gateway : patience_with_a_command;
      if (std::chrono::steady_clock::now() - begin > patience) return store;
      if (!gateway && !std::exchange(said, true))
        net::log_event(Level::warn, "store.busy", {{"text", store.error().text + "; waiting for it"}});
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  // A message that has no delivery yet gets it now, before anybody can log in: it was torn off by a crash. Or
  // it waits to be judged, and goes on waiting.
  Started<void> deliver_what_is_left() {
    if (filters_) return filters_->start(), Started<void>();
    auto rows = store_->undelivered();
    if (!rows) return tl::unexpected(rows.error().text);
    for (const auto& row : *rows) {
      auto append = smtpd::Undelivered::open(*intake_, row).and_then([](const auto& message) {
        return message.deliver({.by = "guichet"});
      });
      if (!append) {
        alarm("message " + row.message.uuid.text() + " cannot be delivered: " + append.error().text);
        continue;
      }
      append->done = [](const store::Result<void>& done) {
        if (!done) alarm("a delivery could not be written: " + done.error().text);
      };
      store_->append(std::move(*append));
    }
    if (!rows->empty()) (void)store::append_and_wait(*store_, {});  // until all of it is durable
    return {};
  }

  // Whoever reads a log of mail, or asks what was refused.
  smtpd::Reporter reporter() {
    refusals_.emplace(*disk_, *clock_, *ids_, refusal_options());
    smtpd::Reporter made(settings_.smtpd.hostname, *clock_, &*refusals_);
    if (settings_.log.postfix_path.empty()) return made;
    postfix_log_.emplace(settings_.log.postfix_path, alarm);
    made.write_postfix_log(
        [this](std::string day, std::string lines) { postfix_log_->add(std::move(day), std::move(lines)); });
    return made;
  }

  smtpd::RefusalOptions refusal_options() {
    return {.store = settings_.store.path,
            .limits = {settings_.refusals.per_client_per_minute_max, settings_.refusals.per_minute_max},
            .octets_per_day_max = settings_.refusals.octets_per_day_max,
            .keep_days = settings_.refusals.keep_days,
            .has_room = [this] { return store_->has_room(0); },
            .may_delete_old = [this] { return !store::detached(*disk_, settings_.store.path); },
            .alarm = alarm};
  }

  static handover::Say say() {
    return {.alarm = alarm, .news = [](const std::string& text) {
              net::log_event(Level::info, "handover", {{"text", text}});
            }};
  }

  void start_backup() {
    if (settings_.backup.repository.empty()) return;
    backup_.emplace(settings_, *store_, *disk_, *clock_,
                    BackupDuty::Say{.alarm = alarm, .news = [](const std::string& text) {
                                      net::log_event(Level::info, "backup", {{"text", text}});
                                    }});
  }

  ControlServer::More commands() {
    ControlServer::More known;
    known.emplace("counters", counters_in_json);
    if (filters_) known.emplace("filters", [this] { return filters_->standing(); });
    known.emplace("refusals", [this] { return refusals_->flush(), std::string(R"({"ok":true})"); });
    if (backup_) known.emplace("backup now", [this] { return backup_->now(); });
    if (backup_) known.emplace("backup status", [this] { return backup_->status(); });
    return known;
  }

  Started<void> listen() {
    const auto smtp = [this](net::Accepted accepted) {
      return smtpd::serve(*smtp_, smtpd::Encryption::on_request, std::move(accepted));
    };
    const auto smtps = [this](net::Accepted accepted) {
      return smtpd::serve(*smtp_, smtpd::Encryption::from_the_start, std::move(accepted));
    };
    const auto pop3 = [this](net::Accepted accepted) {
      return popd::serve(*pop3_, popd::Encryption::on_request, std::move(accepted));
    };
    const auto pop3s = [this](net::Accepted accepted) {
      return popd::serve(*pop3_, popd::Encryption::from_the_start, std::move(accepted));
    };
    auto opened = open_all("smtp", settings_.smtpd.listen, smtp_admission_, smtp);
    if (opened) opened = open_all("smtps", settings_.smtpd.listen_tls, smtp_admission_, smtps);
    if (opened) opened = open_all("pop3", settings_.popd.listen, pop3_admission_, pop3);
    if (opened) opened = open_all("pop3s", settings_.popd.listen_tls, pop3_admission_, pop3s);
    if (opened && !passed_.left().empty()) return tl::unexpected(passed_.left());
    return opened;
  }

  Started<void> open_all(const std::string& protocol, const std::vector<std::string>& addresses,
                         net::Admission& admission, const net::Listener::Serve& serve) {
    std::string bound;
    for (const auto& address : addresses) {
      auto listener = net::Listener::open(address, loops_, passed_);
      if (!listener) return tl::unexpected(listener.error());
      bound += (bound.empty() ? "" : ",") + (*listener)->address();
      if (protocol == "smtp" && smtp_address_.empty()) smtp_address_ = (*listener)->address();
      if (protocol == "pop3" && pop3_address_.empty()) pop3_address_ = (*listener)->address();
      (*listener)->start(serve, admission, [](const std::string& text) {
        net::log_event(Level::error, "accept", {{"text", text}});
      });
      listeners_.push_back(std::move(*listener));
    }
    if (!bound.empty()) ready_ += " " + protocol + "=" + bound;
    return {};
  }

  void announce() {
    std::printf("%s\n", ready_.c_str());
    if (!smtp_address_.empty() && !pop3_address_.empty() && has_clear_password(settings_.maildrops.front()))
      print_first_steps();
    std::fflush(stdout);
    notify_service_manager("READY=1");
  }

  void print_first_steps() {
    const auto& site = settings_.sites.front();
    const auto recipient = site.prefix + "request-1@" + site.domain;
    std::printf(
        "\nSend a first message:\n"
        "  printf 'From: you@example.org\\r\\nTo: %s\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n' |"
        " curl -sS smtp://%s --mail-from you@example.org --mail-rcpt %s -T -\n"
        "Read it back:\n"
        "  curl -sS -u \"%s:$(cat %s)\" pop3://%s/1\n",
        recipient.c_str(), smtp_address_.c_str(), recipient.c_str(), site.maildrop.c_str(),
        settings_.maildrops.front().password_file.c_str(), pop3_address_.c_str());
  }

  const Settings& settings_;
  net::PassedSockets passed_;
  const std::unique_ptr<store::Disk> disk_;
  const std::unique_ptr<store::Clock> clock_;
  const std::unique_ptr<store::IdSource> ids_;
  // The loops outlive the store: its last answers are posted to them.
  net::Loops loops_;
  const unsigned descriptors_;  // a connection's must be below this
  net::Admission smtp_admission_, pop3_admission_;
  smtpd::GuessLimit guesses_;
  net::Rates messages_, recipients_;
  net::Pool pool_, hashing_;
  Feeders feeders_;  // outlive the store, which wakes them
  std::unique_ptr<store::Store> store_;
  std::optional<popd::Users> users_;
  std::optional<popd::Gatekeeper> gate_;
  std::optional<popd::Maildrops> maildrops_;
  std::optional<RejectLists> reject_lists_;
  std::optional<smtpd::Policy> policy_;
  std::optional<net::Resolver> resolver_;
  std::optional<smtpd::Greylist> greylist_;
  std::optional<ArchiveLessons> lessons_;
  std::optional<net::Pool> greylist_pool_;  // its file must keep no other work waiting
  smtpd::FrontDoor front_door_;
  std::optional<smtpd::Intake> intake_;
  std::unique_ptr<ContentFilters> filters_;  // outlives the sessions, which may still hand in
  std::optional<smtpd::RefusalKeeper> refusals_;
  std::optional<net::DatedFile> postfix_log_;
  std::optional<smtpd::Server> smtp_;
  std::optional<popd::Server> pop3_;
  std::optional<BackupDuty> backup_;
  std::unique_ptr<ControlServer> control_;
  std::optional<Housekeeping> housekeeping_;
  std::optional<CertificateWatch> certificate_watch_;
  std::unique_ptr<Scrubber> scrubber_;
  std::unique_ptr<Duty> drill_, learner_, left_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::string ready_ = "ready", smtp_address_, pop3_address_;
};

// --- Signals -------------------------------------------------------------------------------------------

std::optional<Watchdog> make_watchdog(Gateway& gateway) {
  const auto patience = Watchdog::patience();
  if (!patience) return std::nullopt;
  return std::optional<Watchdog>(
      std::in_place, *patience,
      [&gateway](const std::function<void()>& answered) { return gateway.ask_all(answered); },
      [] { notify_service_manager("WATCHDOG=1"); });
}

// True: asked to stop. False: the disk failed, and only a restart may go on.
bool wait_for_the_end(Gateway& gateway, const sigset_t& signals) {
  auto watchdog = make_watchdog(gateway);
  const auto pause = watchdog ? watchdog->pause() : Watchdog::pause_max;
  while (!gateway.failed()) {
    if (watchdog) watchdog->turn(Watchdog::Clock::now());
    const int number = wait_for_signal(signals, pause);
    if (number == SIGTERM || number == SIGINT) return true;
    if (number == SIGHUP) gateway.reload();
  }
  return false;
}

}  // namespace

int run_gateway(const Settings& settings, const std::filesystem::path&) {
  net::start_log(settings.log.level, settings.log.format == conf::LogFormat::json);
  const auto signals = block_signals();  // before any thread starts
  auto passed = net::PassedSockets::from_environment();
  if (!passed) {
    std::fprintf(stderr, "guichet: %s\n", passed.error().c_str());
    return 1;
  }
  Gateway gateway(settings, std::move(*passed));
  if (auto started = gateway.start(); !started) {
    std::fprintf(stderr, "guichet: %s\n", started.error().c_str());
    return 1;
  }
  const bool asked = wait_for_the_end(gateway, signals);
  notify_service_manager("STOPPING=1");
  net::log_event(Level::info, "stopping", {{"why", asked ? "signal" : "the disk failed to sync"}});
  const bool drained = gateway.stop();
  const int code = asked && !gateway.failed() ? 0 : 1;  // the last volume may have failed to be sealed
  if (drained) return code;
  net::log_event(Level::warn, "stopped", {{"text", "a session was still waiting at the end of the grace"}});
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace guichet::cli
