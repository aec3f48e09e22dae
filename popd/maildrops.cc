#include "popd/maildrops.h"

#include <algorithm>
#include <utility>

#include "store/marks.h"

namespace guichet::popd {
namespace {

constexpr int attempts_max = 16;  // to find what can be read

OpenedMaildrop refused(LoginRefusal why, std::string trouble = {}) {
  OpenedMaildrop none;
  none.refusal = why;
  none.trouble = std::move(trouble);
  return none;
}

// What says nothing of the message: descriptors or memory of the machine that come back.
bool of_the_moment(store::ErrorKind kind) {
  return kind != store::ErrorKind::damaged && kind != store::ErrorKind::absent &&
         kind != store::ErrorKind::foreign && kind != store::ErrorKind::io;
}

}  // namespace

Maildrops::Maildrops(MaildropOptions options, store::Store& store, store::Clock& clock, store::Alarm alarm)
    : options_(options), store_(store), clock_(clock), alarm_(std::move(alarm)) {}

OpenedMaildrop Maildrops::open(const std::string& name, const std::function<void()>& send_away) {
  // Asked each time: adopt takes the mark away while the gateway runs.
  const auto& archive = store_.archive();
  if (store::detached(archive.disk(), archive.folder())) return refused(LoginRefusal::detached);
  OpenedMaildrop opened;
  opened.lock = locks_.try_lock(name, MaildropLocks::Clock::now(), options_.displace_after, send_away);
  if (!opened.lock) return refused(LoginRefusal::in_use);
  auto listed = list(name, opened);
  return listed ? std::move(opened) : refused(LoginRefusal::temporary, listed.error().text);
}

// A message that cannot be read must not be listed: a listed one that then fails poisons the poller's
// session.
store::Result<void> Maildrops::list(const std::string& name, OpenedMaildrop& opened) {
  const store::OfferQuery query{
      .maildrop = name,
      .limit = options_.offers.session_messages_max,
      .now = clock_.now(),
      .settle_us = std::chrono::duration_cast<std::chrono::microseconds>(settle_time).count()};
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto rows = store_.offerable(query);
    if (!rows) return tl::unexpected(rows.error());
    opened.rows = std::move(*rows);
    if (!reads_ahead(options_.offers.session_messages_max)) return {};
    opened.ready = open_group(store_, opened.rows, 1, opened.rows.size());
    opened.rows.resize(opened.ready.size());  // large ones after the first come in the next session
    if (auto trouble = trouble_of_the_moment(opened)) return tl::unexpected(std::move(*trouble));
    if (set_aside_unreadable(opened) == 0) return {};
  }
  return store::fail(store::ErrorKind::damaged, "many messages cannot be read: guichet verify");
}

// What another login may read: a disk that fails for a second must not cost a message its place.
std::optional<store::Error> Maildrops::trouble_of_the_moment(const OpenedMaildrop& opened) {
  for (const auto& ready : opened.ready) {
    if (ready.message) continue;
    const auto kind = ready.message.error().kind;
    const bool first = kind == store::ErrorKind::io && first_failure(opened.rows[ready.number - 1].uid);
    if (first || of_the_moment(kind)) return ready.message.error();
  }
  return std::nullopt;
}

std::size_t Maildrops::set_aside_unreadable(OpenedMaildrop& opened) {
  const auto unreadable = [](const Shelf::Ready& ready) { return !ready.message.has_value(); };
  for (const auto& ready : opened.ready)
    if (unreadable(ready)) set_aside(opened.rows[ready.number - 1], ready.message.error());
  const auto count = static_cast<std::size_t>(std::ranges::count_if(opened.ready, unreadable));
  // The index holds what was appended before it is asked again, and only when that was durable.
  if (count > 0) (void)store::append_and_wait(store_, {});
  return count;
}

void Maildrops::set_aside(const store::WaitingRow& row, const store::Error& why) {
  if (of_the_moment(why.kind) || (why.kind == store::ErrorKind::io && first_failure(row.uid)))
    return alarm_("uid " + row.uid.uuid.text() + " cannot be read now: " + why.text);
  alarm_("delivery.damaged: uid " + row.uid.uuid.text() + " of message " + row.message.uuid.text() +
         " is not offered any more: " + why.text +
         "; guichet verify names the damage, guichet repair says what "
         "can be had back, then guichet requeue");
  store_.append(
      {.body = std::nullopt,
       .facts = {store::Stuck{row.uid, row.message, clock_.now(), "pop3", "not readable: " + why.text}},
       .done = [](const store::Result<void>&) {}});
}

bool Maildrops::first_failure(const store::Uid& uid) {
  const std::lock_guard guard(mutex_);
  return failed_reads_.insert(uid).second;
}

void Maildrops::forgive_served(const std::vector<store::WaitingRow>& rows,
                               const std::vector<bool>& retrieved) {
  if (failed_reads_.empty()) return;
  for (std::size_t i = 0; i < rows.size() && i < retrieved.size(); ++i)
    if (retrieved[i]) failed_reads_.erase(rows[i].uid);
}

std::vector<store::Fact> Maildrops::conclude(const std::string& name,
                                             const std::vector<store::WaitingRow>& rows, SessionEnd end,
                                             const std::string& client) {
  end.at = clock_.now();
  end.by = "pop3 " + client;
  const std::lock_guard guard(mutex_);
  forgive_served(rows, end.retrieved);
  auto& last = last_hand_overs_[name];
  end.last_hand_over = last;
  auto facts = facts_of(rows, end, options_.offers);
  // What is left of the disk is for what must be written.
  if (!store_.has_room(0))
    std::erase_if(facts,
                  [](const store::Fact& fact) { return !std::holds_alternative<store::HandedOver>(fact); });
  if (end.quit && !end.deleted.empty()) last = end.at;
  tell_of(facts);
  return facts;
}

void Maildrops::tell_of(const std::vector<store::Fact>& facts) {
  for (const auto& fact : facts)
    if (const auto* stuck = std::get_if<store::Stuck>(&fact))
      alarm_("delivery.stuck: uid " + stuck->uid.uuid.text() + " of message " + stuck->message.uuid.text() +
             " is not "
             "offered any more: " +
             stuck->reason +
             "; look at it with guichet show, offer it again with guichet "
             "requeue");
}

}  // namespace guichet::popd
