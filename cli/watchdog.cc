#include "cli/watchdog.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace guichet::cli {

std::optional<std::chrono::microseconds> Watchdog::patience() {
  const char* given = std::getenv("WATCHDOG_USEC");
  const char* process = std::getenv("WATCHDOG_PID");
  if (!given || (process && std::to_string(::getpid()) != process)) return std::nullopt;
  const std::string_view digits = given;
  std::uint32_t value = 0;  // an hour and more; longer than that nobody waits
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value == 0) return std::nullopt;
  return std::chrono::microseconds(value);
}

Watchdog::Watchdog(std::chrono::microseconds patience, Ask ask, std::function<void()> tell)
    : interval_(patience / 2), ask_(std::move(ask)), tell_(std::move(tell)) {}

bool Watchdog::all_answered() const {
  return answers_->load() >= asked_;
}

void Watchdog::turn(Clock::time_point now) {
  if (!told_ && all_answered()) {
    told_ = true;
    tell_();
  }
  // While one has not answered nothing is asked again: the questions would only queue behind what hangs.
  if (!told_ || (asked_at_ && now - *asked_at_ < interval_)) return;
  asked_at_ = now;
  told_ = false;
  auto answers = std::make_shared<std::atomic<unsigned>>(0);
  answers_ = answers;
  asked_ = ask_([answers] { answers->fetch_add(1); });
}

}  // namespace guichet::cli
