// How often something may happen, for each name (an address, a network): a bucket of as many as a window of
// time allows, which fills up again within that window. A burst of its whole share is let through.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string_view>

#include "net/recent.h"

namespace guichet::net {

// Thread-safe. Knows names_max names at most: one that was pushed out begins with a full bucket again, and
// whoever can push out so many has as many addresses to come from anyway.
class Rates {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t names_max = 10'000;

  explicit Rates(unsigned most, Clock::duration window = std::chrono::minutes(1))  // 0: no limit
      : most_(most), window_(window), buckets_(names_max) {}

  // Takes one; false: there is none left, and nothing is taken.
  [[nodiscard]] bool take(std::string_view name, Clock::time_point now);
  [[nodiscard]] std::size_t names() const;

 private:
  struct Bucket {
    double left = 0;
    Clock::time_point at;
  };

  const unsigned most_;
  const Clock::duration window_;
  mutable std::mutex mutex_;
  Recent<Bucket> buckets_;
};

}  // namespace guichet::net
