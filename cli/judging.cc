#include "cli/judging.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "filters/authentication_results.h"
#include "filters/message.h"
#include "net/counters.h"
#include "net/log.h"

namespace guichet::cli {
namespace {

constexpr std::chrono::seconds put_off_for{60};
constexpr std::chrono::seconds client_patience{10};

// What rspamd wants a client to be told.
std::optional<smtpd::Reply> refusal_for(const filters::RspamdVerdict& spam, const store::MessageId& message) {
  const auto words = (spam.smtp_message.empty() ? std::string("this looks like spam") : spam.smtp_message) +
                     "; if it is not, please write to the postmaster here and name " + message.uuid.text();
  if (spam.action == filters::SpamAction::reject)
    return smtpd::Reply{550, "5.7.1", words, smtpd::Refusal::spam};
  if (spam.action == filters::SpamAction::soft_reject)
    return smtpd::Reply{451, "4.7.1", words, smtpd::Refusal::spam};
  return std::nullopt;
}

// It could not even be shown to a filter.
filters::Verdict unseen(const std::string& why) {
  filters::Verdict verdict;
  verdict.findings.errors = {"it could not be looked into in time: " + why};
  return verdict;
}

}  // namespace

Judging::Judging(const conf::Settings& settings, smtpd::Intake& intake, Filtering& filtering, Alarm alarm)
    : settings_(settings),
      intake_(intake),
      filtering_(filtering),
      alarm_(std::move(alarm)),
      queue_([this] { return undelivered(); }),
      first_(client_patience) {}

void Judging::add_first(const store::MessageId& message, FirstAnswers::Done done) {
  if (stopping_) return done(std::nullopt);
  first_.wait(message, std::move(done));
  queue_.add_first(message);
}

void Judging::start() {
  started_ = intake_.now();
  queue_.look_in_index();
  for (unsigned i = 0; i < settings_.filters.workers; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void Judging::begin_stop() {
  stopping_ = true;
  for (auto& thread : threads_)
    thread.request_stop();
}

void Judging::stop() {
  begin_stop();
  threads_.clear();
}

std::vector<store::MessageId> Judging::undelivered() const {
  std::vector<store::MessageId> messages;
  const auto rows = intake_.store().undelivered();
  if (!rows) {
    alarm_("what is not delivered yet cannot be listed: " + rows.error().text);
    return messages;
  }
  for (const auto& row : *rows)
    messages.push_back(row.message);
  return messages;
}

// Whatever goes wrong with one message, the thread goes on with the next, and nobody waits for nothing.
void Judging::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "judge");
  while (const auto message = queue_.take(stop)) {
    try {
      judge(*message);
    } catch (const std::exception& error) {
      put_off(*message, error.what());
    }
    first_.answer(*message, std::nullopt);
    queue_.done(*message);
  }
}

void Judging::judge(const store::MessageId& id) {
  auto& store = intake_.store();
  const auto erased = store.ask([&](store::IndexReader& index) { return index.is_erased(id); });
  const auto row = store.ask([&](store::IndexReader& index) { return index.message(id); });
  if (!erased || !row) return put_off(id, (erased ? row.error() : erased.error()).text);
  if (!*row || *erased) return;
  const auto message = smtpd::Undelivered::open(intake_, **row);
  if (!message) return put_off(id, message.error().text);
  judge(*message);
}

// Too late, nobody waits for DNS any more; what can be found out on this machine is, and the rules hold. So a
// flood of messages whose domains answer slowly keeps nobody else's from being looked into.
void Judging::judge(const smtpd::Undelivered& message) {
  static auto& lates = net::counter("filters.late");
  const auto& id = message.received().message;
  const bool late = is_late(message);
  if (late) lates.add();
  const auto whole = filtered(message);
  if (!whole && !late) return put_off(id, whole.error().text);
  if (!whole) return conclude(message, {.verdict = unseen(whole.error().text)});
  Conclusion conclusion{.forged_results = whole->forged_results};
  const auto claim = [&](const auto& spam) { conclusion.refusal = claim_refusal(id, spam); };
  conclusion.verdict = filtering_.find_out(*whole, {.ask_dns = !late, .on_spam = claim});
  if (!stopping_) conclude(message, conclusion);
}

void Judging::conclude(const smtpd::Undelivered& message, const Conclusion& conclusion) {
  const auto& [verdict, forged_results, refusal] = conclusion;
  const auto& received = message.received();
  const auto facts = rule_facts(message.envelope(), received);
  const auto* rule = refusal ? nullptr : filtering_.rule(facts, verdict, false);
  if (rule && rule->action == filters::Action::wait) {
    const auto left_us = received.at.unix_us + std::int64_t{rule->wait_s} * 1'000'000 - intake_.now().unix_us;
    if (left_us > 0)
      return queue_.add_later(received.message,
                              JudgeQueue::Clock::now() + std::chrono::microseconds(left_us));
    rule = filtering_.rule(facts, verdict, true);
  }
  const auto envelope = filters_envelope(message.envelope(), settings_.smtpd.hostname, received.at);
  auto judgement = filtering_.judgement(smtpd::origin_of(message.envelope()), envelope, verdict, rule);
  if (forged_results) judgement.owned.emplace_back("authentication-results");
  if (refusal) judgement.quarantine = "refused with " + std::to_string(refusal->code) + " by rspamd";
  log(message, verdict, judgement);
  if (refusal) return refuse(message, judgement, *refusal);
  deliver(message, judgement);
}

// As soon as rspamd has spoken: who is not to be refused has its answer before the other filters are done.
std::optional<smtpd::Reply> Judging::claim_refusal(const store::MessageId& message,
                                                   const filters::Scan<filters::RspamdVerdict>& spam) {
  auto refusal = spam ? refusal_for(*spam, message) : std::nullopt;
  if (!refusal) first_.answer(message, std::nullopt);
  if (!refusal || !first_.claim(message)) return std::nullopt;
  return refusal;
}

// It is told when it is in quarantine for good: a crash in between would deliver it. What could not be
// written is durable all the same, and accepted: told to come back, it would be here twice.
void Judging::refuse(const smtpd::Undelivered& message, const smtpd::Judgement& judgement,
                     const smtpd::Reply& refusal) {
  const auto delivered = deliver(message, judgement);
  if (delivered == Delivered::now) first_.answer(message.received().message, refusal);
}

// One line a message. What broke a worker can be had again: guichet raw ID | guichet judge -
void Judging::log(const smtpd::Undelivered& message, const filters::Verdict& verdict,
                  const smtpd::Judgement& judgement) const {
  static auto& unjudged = net::counter("filters.unjudged");
  static auto& quarantined = net::counter("filters.quarantined");
  static auto& viruses = net::counter("filters.viruses");
  const bool infected = filters::virus_word(verdict) == "found";
  if (infected) viruses.add();
  const bool whole = !filters::is_unjudged(verdict);
  if (!whole) unjudged.add();
  if (!judgement.quarantine.empty()) quarantined.add();
  const auto& findings = verdict.findings;
  const auto word = [](const auto& finding) {
    return finding ? std::string(filters::name_of(finding->result)) : std::string("-");
  };
  net::log_event(whole && !infected ? net::Level::info : net::Level::warn, "filters.judged",
                 {{"session", message.envelope().session},
                  {"id", message.received().message.uuid.text()},
                  {"spf", word(findings.spf)},
                  {"dkim", std::to_string(findings.dkim.size())},
                  {"dmarc", word(findings.dmarc)},
                  {"virus", std::string(filters::virus_word(verdict))},
                  {"quarantine", judgement.quarantine},
                  {"unjudged", filters::why_unjudged(verdict)}});
}

bool Judging::is_late(const smtpd::Undelivered& message) const {
  const auto since = std::max(message.received().at.unix_us, started_.unix_us);
  const auto age_us = intake_.now().unix_us - since;
  return age_us > std::int64_t{settings_.filters.deadline_s} * 1'000'000;
}

store::Result<FilteredMessage> Judging::filtered(const smtpd::Undelivered& message) const {
  const auto& received = message.received();
  const auto& envelope = message.envelope();
  if (!intake_.store().has_room(received.size_octets))
    return store::fail(store::ErrorKind::no_space, "the disk is down to its reserve");
  std::string beginning;
  auto file = filtering_.file_of([&](const Filtering::Take& take) {
    return message.read([&](std::string_view octets) {
      if (envelope.trusted_upstream)
        beginning += octets.substr(
            0, filters::header_octets_max - std::min(beginning.size(), filters::header_octets_max));
      take(octets);
    });
  });
  if (!file) return tl::unexpected(file.error());
  return FilteredMessage{
      .id = received.message.uuid.text(),
      .envelope = filters_envelope(envelope, settings_.smtpd.hostname, received.at),
      .client_name = client_name_of(envelope),
      .facts = rule_facts(envelope, received),
      .forged_results = filters::names_authserv(filters::split(beginning), settings_.smtpd.hostname),
      .file = std::move(*file)};
}

Judging::Delivered Judging::deliver(const smtpd::Undelivered& message, const smtpd::Judgement& judgement) {
  const auto& id = message.received().message;
  auto append = message.deliver(judgement);
  if (!append) return put_off(id, append.error().text), Delivered::put_off;
  std::promise<store::Result<void>> answered;
  append->done = [&](const store::Result<void>& done) { answered.set_value(done); };
  if (!append_unless_erased(id, std::move(*append))) return Delivered::before;
  const auto done = answered.get_future().get();
  if (done) return Delivered::now;
  put_off(id, done.error().text);
  return Delivered::put_off;
}

// Decided in the order in which it is written: an erasure that comes after sees these facts.
bool Judging::append_unless_erased(const store::MessageId& id, store::Append append) {
  auto& store = intake_.store();
  const auto alone = store.alone();
  const auto erased = store.ask([&](store::IndexReader& index) { return index.is_erased(id); });
  if (append.facts.empty() || erased.value_or(false)) return false;
  store.append(std::move(append));
  return true;
}

// It is in the archive, and nothing is lost: only late.
void Judging::put_off(const store::MessageId& message, const std::string& why) {
  alarm_("message " + message.uuid.text() +
         " cannot be delivered now, and is tried again each minute: " + why);
  queue_.add_later(message, JudgeQueue::Clock::now() + put_off_for);
}

}  // namespace guichet::cli
