// What happened how often in this process since it started, by name: "smtp.refused.unknown_recipient". A name
// is the room's, a dot, and the thing counted; it comes from the code, never from a peer, so their number is
// bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::net {

// Lock-free. Counts and orders nothing: another thread may see two counters move in either order.
class Counter {
 public:
  explicit Counter(std::string_view name) : name_(name) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void add(std::uint64_t many = 1) { value_.fetch_add(many, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  const std::string name_;
  std::atomic<std::uint64_t> value_ = 0;
};

// The counter of that name, made at its first mention; lives as long as the process. Takes a lock: whoever
// counts often keeps the reference.
[[nodiscard]] Counter& counter(std::string_view name);

struct Count {
  std::string name;
  std::uint64_t value = 0;
};
// All there are, by name; also those at zero.
[[nodiscard]] std::vector<Count> all_counts();

}  // namespace guichet::net
