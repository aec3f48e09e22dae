// How long a client is waited for, and what is said when that is over. Pure: the clock is given.
//
// Each octet that comes resets none of these deadlines but that of a pause within a body, where a minimum
// rate stands beside it: whoever drips octets must not hold a session for longer than whoever says nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "smtpd/reply.h"

namespace guichet::smtpd {

struct Patience {
  std::chrono::seconds next_command{300};  // RFC 5321 4.5.3.2.7
  std::chrono::seconds whole_command{60};  // from its first octet to its line end; or for replies to be taken
  std::chrono::seconds body_pause{300};    // RFC 5321 4.5.3.2.7
  std::chrono::seconds session{3600};      // between two messages that were filed
};

// What is left of it when sessions run out, as Postfix has it under stress. Strangers only: the driver leaves
// those who are trusted alone. An honest mailer says its next command within a second.
[[nodiscard]] Patience hurried(const Patience& normal);

using Time = std::chrono::steady_clock::time_point;

// Of one session.
class Waits {
 public:
  enum class For { command, line_end, body, replies };
  struct Deadlines {
    Time normal, hurried;
  };

  Waits(const Patience& patience, Time now) : normal_(patience), hurried_(hurried(patience)), useful_(now) {}

  // Until when to wait for that. `progress`: a command was completed since the last time this was asked, so
  // that half a line is the beginning of the next.
  [[nodiscard]] Deadlines until(For what, bool progress, Time now);
  void filed(Time now) { useful_ = now; }
  // One of them has passed while waiting for what was asked about last.
  [[nodiscard]] Reply farewell(Time now) const;

 private:
  [[nodiscard]] Time deadline(const Patience& patience, For what, Time now) const;

  const Patience normal_, hurried_;
  Time useful_;                     // the beginning, or when a message was last filed
  std::optional<Time> line_began_;  // while half a line is there
  For last_ = For::command;
};

// The rate at which a body comes in. A minimum rate instead of a total time: a town hall on a slow line must
// finish, a slowloris must not. Whoever is behind the rate by more than body_pause is too slow; whoever is
// ahead of it has no more credit than that.
class BodyPace {
 public:
  BodyPace(const Patience& patience, std::uint64_t octets_per_s_min)
      : pauses_max_(patience.body_pause), octets_per_s_min_(octets_per_s_min) {}

  void begin(Time now) { until_ = now + pauses_max_, octets_ = 0; }
  void add(std::uint64_t octets) { octets_ += octets; }
  [[nodiscard]] bool too_slow(Time now);

 private:
  const std::chrono::seconds pauses_max_;
  const std::uint64_t octets_per_s_min_;  // 0: any rate will do
  Time until_;
  std::uint64_t octets_ = 0;  // not yet credited
};

[[nodiscard]] Reply too_slow_a_body();

}  // namespace guichet::smtpd
