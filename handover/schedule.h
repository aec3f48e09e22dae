// When to try again: by message, and for the other side as a whole. Pure: time and chance are given.
//
// A message that was refused waits 30 seconds, then twice as long each time, up to an hour. When the other
// side cannot be reached at all, no message is to blame: one is tried after a second, then after twice as
// long each time, up to five minutes, and with the first success all go on at once. Each wait is up to a
// quarter shorter, so that many do not come back together.
#pragma once

#include <chrono>
#include <map>

#include "store/types.h"

namespace guichet::handover {

class Schedule {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // `chance`: from 0 to 1.
  void message_refused(const store::Uid& uid, Time now, double chance);
  void unreachable(Time now, double chance);
  // The other side answered, whatever it said.
  void reached();
  void done(const store::Uid& uid) { messages_.erase(uid); }

  [[nodiscard]] bool may_try(Time now) const { return now >= side_.not_before; }
  [[nodiscard]] bool may_try(const store::Uid& uid, Time now) const;
  [[nodiscard]] unsigned failures(const store::Uid& uid) const;
  [[nodiscard]] bool is_reachable() const { return side_.failures == 0; }
  // When something may be tried again, of what may not be tried now.
  [[nodiscard]] Time next(Time now, Duration at_most) const;

 private:
  struct Wait {
    unsigned failures = 0;
    Time not_before{};
  };
  static void fail(Wait& wait, Duration first, Duration longest, Time now, double chance);

  Wait side_;
  std::map<store::Uid, Wait> messages_;  // refused, and not done with
};

}  // namespace guichet::handover
