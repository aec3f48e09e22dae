#include "handover/feed.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/hex.h"
#include "store/marks.h"

namespace guichet::handover {
namespace {

using store::WaitingRow;

// In a round.
constexpr std::size_t new_rows = 64;
constexpr std::size_t refused_rows = 64;
constexpr std::size_t detail_octets_max = 1024;

// What the other side said is for the record, not for its own sake.
std::string shortened(std::string text) {
  if (text.size() > detail_octets_max) text.resize(detail_octets_max);
  return text;
}

std::string name_of(const WaitingRow& row) {
  return "uid " + row.uid.uuid.text() + " of message " + row.message.uuid.text();
}

// The exact octets, where the record has them beside a text that is not them (store/facts.h).
std::string sender_of(const nlohmann::json& envelope) {
  if (!envelope.is_object()) return "";
  const auto digits = envelope.value("mail_from_hex", "");
  std::vector<std::uint8_t> octets(digits.size() / 2);
  if (!digits.empty() && store::read_hex(digits, octets)) return {octets.begin(), octets.end()};
  return envelope.value("mail_from", "");
}

}  // namespace

Feed::Feed(FeedOptions options, std::unique_ptr<Driver> driver, store::Store& store, store::Clock& clock,
           Say say, FeedSeams seams)
    : options_(std::move(options)),
      driver_(std::move(driver)),
      store_(store),
      clock_(clock),
      say_(std::move(say)),
      seams_(std::move(seams)) {}

bool Feed::round(const std::stop_token& stop) {
  const auto& archive = store_.archive();
  // Asked each time: adopt takes the mark away while the gateway runs.
  if (store::detached(archive.disk(), archive.folder())) return false;
  bool tried = false;
  for (const auto& row : offerable()) {
    if (stop.stop_requested() || !schedule_.may_try(seams_.now())) break;
    if (!schedule_.may_try(row.uid, seams_.now())) continue;
    attempt(row, stop);
    tried = true;
  }
  return tried;
}

std::vector<WaitingRow> Feed::offerable() {
  if (!schedule_.may_try(seams_.now())) return {};
  auto rows = store_.offerable({.maildrop = options_.maildrop,
                                .limit = new_rows,
                                .now = store::Instant{INT64_MAX},
                                .settle_us = 0,
                                .again = refused_rows});
  if (rows) return in_turn(std::move(*rows));
  unreachable("the index cannot be read: " + rows.error().text);
  return {};
}

// While the other side cannot be reached one message is tried at a time, each time the next one: it may be
// this message that ends every connection, and the others would wait behind it for ever.
std::vector<WaitingRow> Feed::in_turn(std::vector<WaitingRow> rows) const {
  const auto last = std::ranges::find(rows, last_tried_, &WaitingRow::uid);
  if (!schedule_.is_reachable() && last != rows.end()) std::rotate(rows.begin(), last + 1, rows.end());
  return rows;
}

void Feed::attempt(const WaitingRow& row, const std::stop_token& stop) {
  last_tried_ = row.uid;
  const auto item = item_of(row);
  auto octets = store::ServedMessage::open(store_, row);
  if (!item) return unreadable(row, item.error());
  if (!octets) return unreadable(row, octets.error());
  conclude(row, driver_->hand_over(*item, **octets, stop));
}

// Damage is for somebody to look at; what fails for the moment (no descriptors, a busy index) is tried again.
void Feed::unreadable(const WaitingRow& row, const store::Error& why) {
  if (why.kind == store::ErrorKind::damaged) return stuck(row, "not readable: " + why.text);
  unreachable("the archive cannot be read now: " + why.text);
}

store::Result<Item> Feed::item_of(const WaitingRow& row) {
  const auto delivery = store::delivered_at(store_.archive(), row.place);
  if (!delivery) return tl::unexpected(delivery.error());
  const auto message = store_.message(row.message);
  if (!message) return tl::unexpected(message.error());
  if (!*message) return store::fail(store::ErrorKind::damaged, "a delivery without its message");
  const auto fact = store_.archive().fact((*message)->place);
  if (!fact) return tl::unexpected(fact.error());
  const auto* received = std::get_if<store::Received>(&*fact);
  if (!received) return store::fail(store::ErrorKind::damaged, "the record of a message is not one");
  const auto envelope = nlohmann::json::parse(received->envelope, nullptr, false);
  return Item{.uid = row.uid,
              .message = row.message,
              .recipient = delivery->recipient.address,
              .mail_from = sender_of(envelope),
              .utf8_declared = envelope.is_object() && envelope.value("smtputf8", false),
              .size_octets = row.size_octets,
              .delivered = delivery->at};
}

void Feed::conclude(const WaitingRow& row, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::taken:
      return taken(row);
    case Outcome::Kind::refused_for_now:
      return refused(row, shortened(outcome.detail));
    case Outcome::Kind::refused_for_good:
      return stuck(row, shortened(outcome.detail));
    case Outcome::Kind::unreachable:
      return unreachable(outcome.detail);
    case Outcome::Kind::stopped:
      break;
  }
}

// --- Outcomes ------------------------------------------------------------------------------------------

void Feed::taken(const WaitingRow& row) {
  reached();
  const auto now = clock_.now();
  // Not recorded it would be handed over again and again: as if nobody were there, until the disk is well.
  if (!record(store::HandedOver{row.uid, row.message, now, driver_->target(), driver_->way()}))
    return unreachable("what was handed over cannot be recorded");
  schedule_.done(row.uid);
  last_taken_ = now;
}

void Feed::refused(const WaitingRow& row, const std::string& detail) {
  reached();
  schedule_.message_refused(row.uid, seams_.now(), seams_.chance());
  const auto offers = row.offers + 1;
  (void)record(store::Offered{row.uid, row.message, clock_.now(), driver_->target(),
                              store::OfferOutcome::failed, detail});
  say_.news(driver_->target() + " refused " + name_of(row) + " for now: " + detail);
  if (options_.offers_max > 0 && offers >= options_.offers_max && last_taken_ > row.last_offer)
    stuck(row, "refused " + std::to_string(offers) + " times, the last time: " + detail);
}

void Feed::stuck(const WaitingRow& row, const std::string& reason) {
  if (!record(store::Stuck{row.uid, row.message, clock_.now(), driver_->target(), reason}))
    return unreachable("a refusal cannot be recorded");
  schedule_.done(row.uid);
  say_.alarm("delivery.stuck: " + name_of(row) + " is not handed to " + driver_->target() +
             " any more: " + reason + "; look at it with guichet show, offer it again with guichet requeue");
}

void Feed::unreachable(const std::string& detail) {
  if (schedule_.is_reachable())
    say_.alarm("handover.unreachable: " + driver_->target() + ": " + detail +
               "; what is for it waits, and is tried again by itself");
  schedule_.unreachable(seams_.now(), seams_.chance());
}

void Feed::reached() {
  if (!schedule_.is_reachable()) say_.news(driver_->target() + " can be reached again");
  schedule_.reached();
}

bool Feed::record(store::Fact fact) {
  std::vector<store::Fact> facts;
  facts.push_back(std::move(fact));
  return store::append_and_wait(store_, std::move(facts)).has_value();
}

Schedule::Time Feed::next(Schedule::Duration at_most) const {
  return schedule_.next(seams_.now(), at_most);
}

}  // namespace guichet::handover
