#include "cli/overdue.h"

#include <cstdlib>

#include "store/marks.h"

namespace guichet::cli {
namespace {

constexpr std::int64_t hour_us = 3'600'000'000;

}  // namespace

Overdue::Watch Overdue::poller(unsigned hours_max) {
  return {.hours_max = hours_max,
          .oldest = [](store::IndexReader& index) { return index.oldest_waiting(); },
          .what = "waits for",
          .advice = "does Alaveteli's poller run? guichet queue lists what waits and why"};
}

Overdue::Watch Overdue::quarantine(unsigned hours_max) {
  const auto oldest = [](store::IndexReader& index) -> Oldest {
    const auto rows = index.quarantined("", 1);
    if (!rows) return tl::unexpected(rows.error());
    return rows->empty() ? std::nullopt : std::optional(rows->front().delivery);
  };
  return {.hours_max = hours_max,
          .oldest = oldest,
          .what = "is in quarantine for",
          .advice = "guichet quarantine list shows it, release delivers it, discard does not"};
}

// A clock that was set back by more than a day must not silence it.
bool Overdue::said_today(store::Instant now) const {
  return said_ && std::abs(now.unix_us - said_->unix_us) < 24 * hour_us;
}

std::optional<Overdue::Alarm> Overdue::look() {
  const auto now = clock_.now();
  if (!is_on() || said_today(now)) return std::nullopt;
  if (store::detached(store_.archive().disk(), store_.archive().folder())) return std::nullopt;
  const auto oldest = store_.ask(watch_.oldest);
  if (!oldest || !*oldest) return std::nullopt;
  const auto& delivery = **oldest;
  const auto hours = (now.unix_us - delivery.at.unix_us) / hour_us;
  if (hours < watch_.hours_max) return std::nullopt;
  said_ = now;
  return Alarm{delivery.message, "a message for maildrop " + delivery.maildrop + " " + watch_.what + " " +
                                     std::to_string(hours) + " hours: " + watch_.advice};
}

}  // namespace guichet::cli
