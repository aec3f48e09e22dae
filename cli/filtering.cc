#include "cli/filtering.h"

#include <algorithm>
#include <future>
#include <utility>

#include "cli/first_line.h"
#include "filters/ascii.h"
#include "filters/authentication_results.h"
#include "filters/in_words.h"
#include "net/counters.h"

namespace guichet::cli {
namespace {

using filters::ClamdVerdict;
using filters::Scan;

constexpr std::size_t parts_scanned_max = 200;
constexpr std::chrono::seconds worker_deadline{30};
// One that a message has taken over could lie about those after it: not about many. To start one takes as
// long as twenty messages do.
constexpr unsigned messages_per_worker = 200;

filters::Action action_of(conf::RuleAction action) {
  switch (action) {
    case conf::RuleAction::deliver:
      return filters::Action::deliver;
    case conf::RuleAction::tag:
      return filters::Action::tag;
    case conf::RuleAction::quarantine:
      return filters::Action::quarantine;
    case conf::RuleAction::wait:
      break;
  }
  return filters::Action::wait;
}

std::string_view name_of(filters::Action action) {
  switch (action) {
    case filters::Action::deliver:
      return "deliver";
    case filters::Action::tag:
      return "tag";
    case filters::Action::quarantine:
      return "quarantine";
    case filters::Action::wait:
      break;
  }
  return "wait";
}

filters::Rule rule_of(const conf::Rule& rule) {
  return {.name = rule.name,
          .action = action_of(rule.action),
          .wait_s = rule.wait_s,
          .recipients = rule.recipients,
          .from_domains = rule.from_domains,
          .sender_domains = rule.sender_domains,
          .classes = rule.classes,
          .spf = rule.spf,
          .dkim = rule.dkim,
          .dmarc = rule.dmarc,
          .kinds = rule.kinds,
          .files = rule.files,
          .virus = rule.virus,
          .spam_score_min = rule.spam_score_min,
          .size_octets_min = rule.size_octets_min,
          .unjudged = rule.unjudged};
}

// The same executable, wherever it was started from, and whatever has taken its place on the disk since.
filters::WorkerCommand worker_command(const conf::FilterSettings& settings) {
  filters::WorkerCommand command{.words = {"/proc/self/exe", "filter-worker"}, .environment = {"LC_ALL=C"}};
  if (settings.authentication) command.words.emplace_back("--authentication");
  if (settings.parts) command.words.emplace_back("--parts");
  command.words.insert(command.words.end(), {"--memory-mib", std::to_string(settings.memory_mib)});
  return command;
}

void count(filters::Ending ending) {
  static auto& died = net::counter("filters.workers_died");
  static auto& late = net::counter("filters.workers_late");
  if (ending == filters::Ending::late || ending == filters::Ending::overspent) late.add();
  if (ending == filters::Ending::died || ending == filters::Ending::nonsense) died.add();
}

filters::WorkerPoolOptions pool_options(const conf::FilterSettings& settings, const Filtering::Say& news) {
  filters::WorkerPoolOptions options;
  options.command = worker_command(settings);
  options.workers = settings.workers;
  options.messages_per_worker = messages_per_worker;
  options.limits.deadline =
      std::min<std::chrono::milliseconds>(worker_deadline, std::chrono::seconds(settings.deadline_s));
  options.limits.cpu = std::chrono::seconds(settings.cpu_s);
  options.ended = count;
  options.log = [news](const std::string& line) { news("a worker says: " + line); };
  return options;
}

// What there is to count, from the start on and not from the first time on.
void mention_counters() {
  for (const auto* name : {"messages", "unjudged", "late", "quarantined", "viruses", "workers_died",
                           "workers_late", "workers_not_started"})
    (void)net::counter(std::string("filters.") + name);
}

template <class Verdict>
void count(const std::string& scanner, const Scan<Verdict>& scan) {
  using Kind = filters::Unscanned::Kind;
  const auto what = [&] {
    if (scan || scan.error().kind == Kind::declined) return "answered";
    if (scan.error().kind == Kind::not_asked) return "skipped";
    return scan.error().kind == Kind::too_large ? "too_large" : "failed";
  };
  net::counter("filters." + scanner + "." + what()).add();
}

filters::OpenMessage open_message(const filters::MessageFile& file) {
  return {.descriptor = file.descriptor(), .size_octets = file.size_octets()};
}

}  // namespace

filters::Envelope filters_envelope(const smtpd::Envelope& envelope, const std::string& hostname,
                                   store::Instant received) {
  const bool unknown = envelope.trusted_upstream && envelope.told_by.empty();
  return {.client = unknown ? std::string() : envelope.client,
          .helo = envelope.helo,
          .mail_from = envelope.mail_from,
          .hostname = hostname,
          .received_unix_s = received.unix_us / 1'000'000};
}

std::string client_name_of(const smtpd::Envelope& envelope) {
  return envelope.reverse_name_state == "verified" ? envelope.reverse_name : envelope.client_name;
}

filters::RuleFacts rule_facts(const smtpd::Envelope& envelope, const store::Received& received) {
  filters::RuleFacts facts{
      .recipients = {}, .classes = {}, .mail_from = envelope.mail_from, .size_octets = received.size_octets};
  for (const auto& recipient : received.recipients)
    facts.recipients.push_back(recipient.address);
  for (const auto each : envelope.recipient_classes)
    facts.classes.emplace_back(smtpd::name_of(each));
  return facts;
}

tl::expected<std::unique_ptr<Filtering>, std::string> Filtering::make(const conf::Settings& settings,
                                                                      net::Resolver* resolver,
                                                                      const Say& news) {
  std::unique_ptr<Filtering> made(new Filtering(settings, resolver, news));
  const auto& options = settings.filters;
  if (!options.rspamd.empty()) {
    auto password = options.rspamd_password_file.empty()
                        ? tl::expected<std::string, std::string>("")
                        : first_line(options.rspamd_password_file, "password");
    if (!password) return tl::unexpected(password.error());
    made->rspamd_ = std::make_unique<filters::Rspamd>(
        filters::RspamdOptions{.url = options.rspamd,
                               .password = std::move(*password),
                               .timeout = std::chrono::seconds(options.rspamd_timeout_s),
                               .octets_max = options.scan_octets_max});
  }
  if (!options.clamd.empty())
    made->clamd_ = std::make_unique<filters::Clamd>(
        filters::ClamdOptions{.address = filters::scanner_address(options.clamd).value(),
                              .timeout = std::chrono::seconds(options.clamd_timeout_s),
                              .octets_max = options.scan_octets_max});
  return made;
}

Filtering::Filtering(const conf::Settings& settings, net::Resolver* resolver, const Say& news)
    : settings_(settings), resolver_(resolver) {
  mention_counters();
  for (const auto& rule : settings.rules)
    rules_.push_back(rule_of(rule));
  samples_ = std::make_unique<FilterSamples>(settings.store.path / "samples", news);
  auto options = pool_options(settings.filters, news);
  options.sample = [this](const filters::MessageFile& message, const std::string& why) {
    samples_->keep(message, why);
  };
  pool_ = std::make_unique<filters::WorkerPool>(std::move(options));
}

filters::MessageFileOptions Filtering::file_options() const {
  return {.folder = settings_.store.path / "spool"};
}

store::Result<filters::MessageFile> Filtering::file_of(
    const std::function<store::Result<void>(const Take& take)>& read) const {
  filters::MessageFileWriter writer(file_options());
  tl::expected<void, std::string> written;
  const auto done = read([&](std::string_view octets) {
    if (written) written = writer.append(octets);
  });
  if (!done) return tl::unexpected(done.error());
  auto file = written ? writer.finish() : tl::unexpected(written.error());
  if (!file) return store::fail(store::ErrorKind::io, file.error());
  return std::move(*file);
}

bool Filtering::holds(const std::string& rule, const FilteredMessage& message,
                      const filters::Verdict& verdict) const {
  const auto named = std::ranges::find(rules_, rule, &filters::Rule::name);
  return named != rules_.end() && filters::holds(*named, message.facts, verdict);
}

filters::Findings Filtering::read(const FilteredMessage& message, bool ask_dns) {
  if (!settings_.filters.authentication && !settings_.filters.parts) return {};
  filters::NoNames nobody;
  std::optional<JudgeNames> names;
  if (resolver_ && ask_dns) names.emplace(*resolver_, dns_);
  auto outcome =
      pool_->examine(message.envelope, message.file, names ? static_cast<filters::Names&>(*names) : nobody);
  note_worker(outcome);
  return std::move(outcome.findings);
}

void Filtering::note_worker(const filters::Outcome& outcome) {
  static auto& messages = net::counter("filters.messages");
  static auto& not_started = net::counter("filters.workers_not_started");
  messages.add();
  const bool failed = outcome.ending == filters::Ending::not_started;
  failed ? ++workers_failed_ : ++workers_answered_;
  if (failed) not_started.add();
  const std::lock_guard lock(worker_trouble_mutex_);
  worker_trouble_ = failed ? outcome.error : std::string();
}

// At the same time: a message waits for the slowest of them.
filters::Verdict Filtering::find_out(const FilteredMessage& message, const Looking& looking) {
  std::future<Scan<filters::RspamdVerdict>> spam;
  std::future<Scan<ClamdVerdict>> virus;
  if (rspamd_)
    spam = std::async(std::launch::async, [&] {
      auto scan =
          rspamd_->check({message.envelope, message.facts.recipients, message.id, message.client_name},
                         open_message(message.file));
      if (looking.on_spam) looking.on_spam(scan);
      return scan;
    });
  if (clamd_)
    virus = std::async(std::launch::async, [&] { return clamd_->check(open_message(message.file)); });
  filters::Verdict verdict{.findings = read(message, looking.ask_dns), .spam = {}, .virus = {}};
  if (clamd_) verdict.virus = look_into_parts(message, verdict.findings, virus.get());
  if (rspamd_) verdict.spam = spam.get();
  if (verdict.virus) count("clamd", *verdict.virus);
  if (verdict.spam) count("rspamd", *verdict.spam);
  return verdict;
}

// What clamd reads as one part, a mail program may read as another: each that we see is shown to it as well.
// What it could not be shown is not clean.
Scan<ClamdVerdict> Filtering::look_into_parts(const FilteredMessage& message,
                                              const filters::Findings& findings, Scan<ClamdVerdict> whole) {
  using Kind = filters::Unscanned::Kind;
  const auto is_clean = [](const auto& scan) { return scan && scan->kind == ClamdVerdict::Kind::clean; };
  if (!is_clean(whole) || !findings.mime) return whole;
  if (!findings.mime->too_complex.empty())
    return filters::unscanned(Kind::too_large, "it has parts that cannot be told apart");
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(settings_.filters.clamd_timeout_s);
  std::size_t shown = 0;
  for (const auto& part : findings.mime->parts) {
    if (part.encoding.empty() || part.encoding == "7bit" || part.size_octets == 0)
      continue;  // as in the file
    if (++shown > parts_scanned_max) return filters::unscanned(Kind::too_large, "it has too many parts");
    if (std::chrono::steady_clock::now() > until)
      return filters::unscanned(Kind::timed_out, "not all of its parts were looked into in time");
    const auto file = file_of([&](const Take& take) -> store::Result<void> {
      const auto trouble = extract(part.number, message.file, take);
      return trouble.empty() ? store::Result<void>() : store::fail(store::ErrorKind::io, trouble);
    });
    if (!file) return filters::unscanned(Kind::unreadable, "part " + part.number + ": " + file.error().text);
    if (auto scan = clamd_->check(open_message(*file)); !is_clean(scan)) return scan;
  }
  return whole;
}

const filters::Rule* Filtering::rule(const filters::RuleFacts& facts, const filters::Verdict& verdict,
                                     bool waited) const {
  return filters::first_that_holds(rules_, facts, verdict, waited);
}

smtpd::Judgement Filtering::judgement(smtpd::Origin origin, const filters::Envelope& envelope,
                                      const filters::Verdict& verdict, const filters::Rule* rule) const {
  smtpd::Judgement made{.by = "guichet"};
  if (settings_.filters.authentication)
    made.fields = filters::authentication_results(verdict.findings, envelope);
  // Of a stranger also where there is no score: what he wrote would be taken for ours.
  const bool scored = verdict.spam && *verdict.spam;
  if (rspamd_ && (scored || origin != smtpd::Origin::upstream))
    made.owned.push_back(filters::lower_case(settings_.filters.spam_header));
  if (scored)
    made.fields +=
        settings_.filters.spam_header + ": " + filters::spam_header((*verdict.spam)->score) + "\r\n";
  if (filters::virus_word(verdict) == "found")
    made.fields += "X-Guichet-Virus: " + (*verdict.virus)->name + "\r\n";
  if (rule && rule->action != filters::Action::deliver)
    made.fields += "X-Guichet-Rule: " + rule->name + "\r\n";
  if (filters::is_unjudged(verdict))
    made.fields += "X-Guichet-Unjudged: " + filters::why_unjudged(verdict) + "\r\n";
  if (rule && rule->action == filters::Action::quarantine) made.quarantine = "rule " + rule->name;
  std::optional<filters::RuleNote> note;
  if (rule) note = {rule->name, std::string(name_of(rule->action))};
  const auto words = settings_.filters.authentication ? filters::in_words(verdict.findings) : std::string();
  made.findings = filters::encode_verdict(verdict, note, words);
  return made;
}

std::vector<Filtering::Standing> Filtering::standing() const {
  std::vector<Standing> found;
  const auto add = [&](const char* name, const filters::ScannerGate& gate) {
    const auto& counts = gate.counts();
    found.push_back({name, counts.answered, counts.failed, gate.is_open() ? gate.state() : std::string()});
  };
  if (rspamd_) add("rspamd", rspamd_->gate());
  if (clamd_) add("clamd", clamd_->gate());
  if (resolver_) found.push_back({"DNS", dns_->answered(), dns_->late(), dns_->trouble()});
  const std::lock_guard lock(worker_trouble_mutex_);
  found.push_back({"the worker", workers_answered_, workers_failed_, worker_trouble_});
  return found;
}

std::string Filtering::extract(const std::string& part, const filters::MessageFile& file,
                               const filters::Sink& sink) {
  const auto outcome = pool_->extract(part, file, sink);
  if (outcome.ending == filters::Ending::done && outcome.findings.errors.empty()) return {};
  return outcome.error.empty() ? outcome.findings.errors.front() : outcome.error;
}

}  // namespace guichet::cli
