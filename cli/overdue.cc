#include "cli/overdue.h"

#include <cstdlib>

#include "store/marks.h"

namespace guichet::cli {
namespace {

constexpr std::int64_t hour_us = 3'600'000'000;

}  // namespace

// A clock that was set back by more than a day must not silence it.
bool Overdue::said_today(store::Instant now) const {
  return said_ && std::abs(now.unix_us - said_->unix_us) < 24 * hour_us;
}

std::optional<Overdue::Alarm> Overdue::look() {
  const auto now = clock_.now();
  if (hours_max_ == 0 || said_today(now)) return std::nullopt;
  if (store::detached(store_.archive().disk(), store_.archive().folder())) return std::nullopt;
  const auto oldest = store_.ask([](store::IndexReader& index) { return index.oldest_waiting(); });
  if (!oldest || !*oldest) return std::nullopt;
  const auto& delivery = **oldest;
  const auto hours = (now.unix_us - delivery.at.unix_us) / hour_us;
  if (hours < hours_max_) return std::nullopt;
  said_ = now;
  return Alarm{delivery.message,
               "a message for maildrop " + delivery.maildrop + " waits for " + std::to_string(hours) +
                   " hours: does Alaveteli's poller run? guichet queue lists what waits and why"};
}

}  // namespace guichet::cli
