// What a failed accept() means for the loop that accepts: go on at once, or wait so that it does not spin;
// and whether to say so, since the same trouble comes again ten times a second.
#pragma once

#include <chrono>
#include <optional>

namespace guichet::net {

class AcceptTrouble {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds pause{100};
  static constexpr std::chrono::seconds silence{60};

  // The errors of accept(2) that belong to the one connection: it is gone, the next one may be well.
  [[nodiscard]] static bool concerns_one_client(int error_number);

  // Something that lasts, such as no descriptors (EMFILE, ENFILE) or no memory (ENOBUFS, ENOMEM): the clients
  // stay in the backlog. How often it came since it was last told, when it is to be told now: at once, then
  // once a minute.
  [[nodiscard]] std::optional<unsigned> to_be_told(Clock::time_point now);

 private:
  std::optional<Clock::time_point> told_;
  unsigned untold_ = 0;
};

}  // namespace guichet::net
