// Time that passes when a test says so, and a microsecond each time that it is asked for.
#pragma once

#include <atomic>

#include "store/seams.h"

namespace guichet::cli {

class MovedClock final : public store::Clock {
 public:
  store::Instant now() override { return {start_us + ++moved_us_}; }
  void pass(std::int64_t hours) { moved_us_ += hours * 3'600'000'000; }

 private:
  static constexpr std::int64_t start_us = 1'780'000'000'000'000;
  std::atomic<std::int64_t> moved_us_ = 0;
};

}  // namespace guichet::cli
