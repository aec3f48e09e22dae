#include "cli/judging.h"

#include <pthread.h>

#include <future>
#include <utility>

namespace guichet::cli {
namespace {

constexpr std::chrono::seconds put_off_for{60};
constexpr std::chrono::seconds client_patience{10};

// What rspamd wants a client to be told.
std::optional<smtpd::Reply> refusal_for(const filters::Verdict& verdict, const store::MessageId& message) {
  if (!verdict.spam || !*verdict.spam) return std::nullopt;
  const auto& spam = **verdict.spam;
  const auto words = (spam.smtp_message.empty() ? std::string("this looks like spam") : spam.smtp_message) +
                     "; if it is not, please write to the postmaster here and name " + message.uuid.text();
  if (spam.action == filters::SpamAction::reject)
    return smtpd::Reply{550, "5.7.1", words, smtpd::Refusal::spam};
  if (spam.action == filters::SpamAction::soft_reject)
    return smtpd::Reply{451, "4.7.1", words, smtpd::Refusal::spam};
  return std::nullopt;
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
  first_.wait(message, std::move(done));
  queue_.add_first(message);
}

void Judging::start() {
  queue_.look_in_index();
  for (unsigned i = 0; i < settings_.filters.workers; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void Judging::stop() {
  for (auto& thread : threads_)
    thread.request_stop();
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

void Judging::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "judge");
  while (const auto item = queue_.take(stop)) {
    judge(*item);
    queue_.done(item->message);
  }
}

void Judging::judge(const JudgeQueue::Item& item) {
  auto& store = intake_.store();
  const auto row = store.ask([&](store::IndexReader& index) { return index.message(item.message); });
  if (!row) return put_off(item.message, row.error().text);
  if (!*row) return;  // erased meanwhile
  const auto message = smtpd::Undelivered::open(intake_, **row);
  if (!message) return put_off(item.message, message.error().text);
  judge(item, *message);
}

void Judging::judge(const JudgeQueue::Item& item, const smtpd::Undelivered& message) {
  if (is_late(message) && !item.waited) {
    filters::Verdict verdict;
    verdict.findings.errors = {"it could not be judged in time"};
    deliver(message, filtering_.judgement({}, verdict, nullptr));
    return;
  }
  const auto whole = filtered(message);
  if (!whole) return put_off(item.message, whole.error().text);
  const auto verdict = filtering_.find_out(*whole);
  if (refuse(message, *whole, verdict)) return;
  first_.answer(item.message, std::nullopt);
  const auto* rule = filtering_.rule(*whole, verdict, item.waited);
  if (rule && rule->action == filters::Action::wait)
    return queue_.add_later(item.message, JudgeQueue::Clock::now() + std::chrono::seconds(rule->wait_s));
  deliver(message, filtering_.judgement(whole->envelope, verdict, rule));
}

// False: nobody waits for an answer, or not any more, or there is no reason to refuse.
bool Judging::refuse(const smtpd::Undelivered& message, const FilteredMessage& whole,
                     const filters::Verdict& verdict) {
  const auto& id = message.received().message;
  auto refusal = refusal_for(verdict, id);
  if (!refusal || !first_.claim(id)) return false;
  auto judgement = filtering_.judgement(whole.envelope, verdict, nullptr);
  judgement.quarantine = "refused with " + std::to_string(refusal->code) + ": rspamd says " +
                         std::string(filters::name_of((*verdict.spam)->action));
  if (!deliver(message, judgement)) refusal = smtpd::reply_for({store::ErrorKind::io, ""});
  first_.answer(id, std::move(refusal));
  return true;
}

bool Judging::is_late(const smtpd::Undelivered& message) const {
  const auto age_us = intake_.now().unix_us - message.received().at.unix_us;
  return age_us > std::int64_t{settings_.filters.deadline_s} * 1'000'000;
}

store::Result<FilteredMessage> Judging::filtered(const smtpd::Undelivered& message) const {
  const auto& received = message.received();
  const auto& envelope = message.envelope();
  auto file = filtering_.file_of([&](const Filtering::Take& take) { return message.read(take); });
  if (!file) return tl::unexpected(file.error());
  const bool verified = envelope.reverse_name_state == "verified";
  return FilteredMessage{.id = received.message.uuid.text(),
                         .envelope = filters_envelope(envelope, settings_.smtpd.hostname, received.at),
                         .client_name = verified ? envelope.reverse_name : envelope.client_name,
                         .facts = rule_facts(envelope, received),
                         .file = std::move(*file)};
}

// False: put off.
bool Judging::deliver(const smtpd::Undelivered& message, const smtpd::Judgement& judgement) {
  auto append = message.deliver(judgement);
  const auto& id = message.received().message;
  if (!append) return put_off(id, append.error().text), false;
  std::promise<store::Result<void>> answered;
  append->done = [&](const store::Result<void>& done) { answered.set_value(done); };
  if (!append_unless_erased(id, std::move(*append))) return true;
  const auto done = answered.get_future().get();
  if (!done) put_off(id, done.error().text);
  return done.has_value();
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
  alarm_("message " + message.uuid.text() + " cannot be delivered now, and is tried again: " + why);
  queue_.add_later(message, JudgeQueue::Clock::now() + put_off_for);
}

}  // namespace guichet::cli
