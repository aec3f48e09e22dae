// Says once when a filter fails as a whole, and once when it does its work again.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/filtering.h"

namespace guichet::cli {

// One thread at a time.
class FilterWatch {
 public:
  using Say = std::function<void(const std::string& text)>;
  using Clock = std::chrono::steady_clock;
  FilterWatch(Say alarm, Say news) : alarm_(std::move(alarm)), news_(std::move(news)) {}

  void look(const std::vector<Filtering::Standing>& standing, Clock::time_point now);

 private:
  struct Seen {
    std::uint64_t answered = 0, failed = 0;
    bool failing = false;  // failed, and nothing went well since
    Clock::time_point since;
    bool said = false;
  };
  void look(const Filtering::Standing& standing, Seen& seen, Clock::time_point now);

  const Say alarm_, news_;
  std::map<std::string, Seen> seen_;
};

}  // namespace guichet::cli
