// How many refusals are kept: so many a minute of one client, so many of all. A flood is counted, not kept,
// and what it pushed out is said in one record a minute. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "smtpd/refusal_record.h"
#include "store/types.h"

namespace guichet::smtpd {

struct RefusalLimits {
  unsigned per_client_per_minute_max = 20;  // IPv6: of one /64
  unsigned per_minute_max = 600;
};

class RefusalBudget {
 public:
  explicit RefusalBudget(RefusalLimits limits) : limits_(limits) {}

  // Whether this one is kept. Minutes are those of the clock.
  [[nodiscard]] bool admit(std::string_view client, store::Instant now);
  // Admitted, and could not be kept after all.
  void leave_out(std::uint64_t refusals, store::Instant now);
  // What was left out, once its minute is over or `anyway`.
  [[nodiscard]] std::optional<LeftOut> take_left_out(store::Instant now, bool anyway = false);

 private:
  void turn_to(std::int64_t minute);

  const RefusalLimits limits_;
  std::int64_t minute_ = 0;
  unsigned kept_ = 0;
  // Not larger than per_minute_max: who comes when that is full is not looked at.
  std::unordered_map<std::string, unsigned> of_client_;
  LeftOut left_out_;
};

// "2001:db8:1:2::" of 2001:db8:1:2:3::4; others as they are.
[[nodiscard]] std::string network_of(std::string_view client);

}  // namespace guichet::smtpd
