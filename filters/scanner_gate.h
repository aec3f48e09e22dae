// What stands before each scanner: the limit on size, the circuit breaker, the counters. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "filters/circuit_breaker.h"
#include "filters/scanner.h"

namespace guichet::filters {

// asked == answered + failed, but for those that are being asked.
struct ScannerCounts {
  std::atomic<std::uint64_t> asked = 0;
  std::atomic<std::uint64_t> answered = 0;   // scanned, or declined in a way that can be understood
  std::atomic<std::uint64_t> failed = 0;     // down, timed out, nonsense, unreadable
  std::atomic<std::uint64_t> skipped = 0;    // not asked: the breaker was open
  std::atomic<std::uint64_t> too_large = 0;  // not asked: above our limit
};

class ScannerGate {
 public:
  using Now = std::function<CircuitBreaker::Time()>;

  ScannerGate(std::string name, std::uint64_t octets_max, CircuitBreaker::Options breaker, Now now);

  // Calls `ask` without a lock, or says why not.
  template <class Verdict>
  [[nodiscard]] Scan<Verdict> pass(const OpenMessage& message, const std::function<Scan<Verdict>()>& ask) {
    if (auto stopped = enter(message)) return tl::unexpected(std::move(*stopped));
    Visit visit(*this);
    auto result = ask();
    visit.ended(result ? nullptr : &result.error());
    return result;
  }

  [[nodiscard]] const ScannerCounts& counts() const { return counts_; }
  [[nodiscard]] bool is_open() const;       // nobody asks at the moment
  [[nodiscard]] std::string state() const;  // CircuitBreaker::words()

 private:
  // Tells the breaker how it ended, also when that is by an exception: a half-open one waits for this.
  class Visit {
   public:
    explicit Visit(ScannerGate& gate) : gate_(gate) {}
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() {
      if (!told_) gate_.leave_by_exception();
    }
    void ended(const Unscanned* failure) {
      told_ = true;
      gate_.leave(failure);
    }

   private:
    ScannerGate& gate_;
    bool told_ = false;
  };

  [[nodiscard]] std::optional<Unscanned> enter(const OpenMessage& message);
  void leave(const Unscanned* failure);
  void leave_by_exception();

  const std::string name_;
  const std::uint64_t octets_max_;
  const Now now_;
  ScannerCounts counts_;
  mutable std::mutex mutex_;
  CircuitBreaker breaker_;  // under mutex_
};

}  // namespace guichet::filters
