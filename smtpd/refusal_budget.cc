#include "smtpd/refusal_budget.h"

#include <utility>

#include "smtpd/ip_address.h"

namespace guichet::smtpd {
namespace {

std::int64_t minute_of(store::Instant at) {
  return at.unix_us / 60'000'000;
}

}  // namespace

std::string network_of(std::string_view client) {
  constexpr std::size_t octets_of_a_64 = 8;
  const auto address = parse_ip(client);
  return address && !address->v4() ? to_text(first_of(*address, octets_of_a_64)) : std::string(client);
}

bool RefusalBudget::admit(std::string_view client, store::Instant now) {
  if (minute_of(now) != minute_) turn_to(minute_of(now));
  if (kept_ < limits_.per_minute_max) {
    auto& of_client = of_client_[network_of(client)];
    if (of_client < limits_.per_client_per_minute_max) return ++of_client, ++kept_, true;
  }
  leave_out(1, now);
  return false;
}

void RefusalBudget::turn_to(std::int64_t minute) {
  minute_ = minute;
  kept_ = 0;
  of_client_.clear();
}

void RefusalBudget::leave_out(std::uint64_t refusals, store::Instant now) {
  if (left_out_.refusals == 0) left_out_.from = now;
  left_out_.refusals += refusals;
  left_out_.until = now;
}

std::optional<LeftOut> RefusalBudget::take_left_out(store::Instant now, bool anyway) {
  if (left_out_.refusals == 0 || (!anyway && minute_of(left_out_.from) == minute_of(now)))
    return std::nullopt;
  return std::exchange(left_out_, {});
}

}  // namespace guichet::smtpd
