// Tells the service manager that the gateway still turns ($WATCHDOG_USEC of sd_watchdog_enabled(3)): each I/O
// loop and the store's writer must have answered a question, which went through the same queue as the work.
// A thread that hangs answers none; then nothing is said, and the manager starts another gateway.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace guichet::cli {

class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  // Asks all; each calls `answered` once, from any thread, soon or never. Returns how many it asked.
  using Ask = std::function<unsigned(const std::function<void()>& answered)>;

  // Of $WATCHDOG_USEC and $WATCHDOG_PID; none: nobody waits for us.
  [[nodiscard]] static std::optional<std::chrono::microseconds> patience();

  Watchdog(std::chrono::microseconds patience, Ask ask, std::function<void()> tell);
  // Call it now and then, from one thread; never waits.
  void turn(Clock::time_point now);
  // How long it may be until the next time.
  static constexpr std::chrono::microseconds pause_max = std::chrono::seconds(1);
  [[nodiscard]] std::chrono::microseconds pause() const { return std::min(pause_max, interval_ / 4); }

 private:
  [[nodiscard]] bool all_answered() const;

  const std::chrono::microseconds interval_;  // half the manager's patience
  const Ask ask_;
  const std::function<void()> tell_;
  std::optional<Clock::time_point> asked_at_;
  bool told_ = true;
  unsigned asked_ = 0;
  // Shared: an answer may come when the watchdog is gone.
  std::shared_ptr<std::atomic<unsigned>> answers_;
};

}  // namespace guichet::cli
