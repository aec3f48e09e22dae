#include "filters/scanner_gate.h"

namespace guichet::filters {

ScannerGate::ScannerGate(std::string name, std::uint64_t octets_max, CircuitBreaker::Options breaker, Now now)
    : name_(std::move(name)), octets_max_(octets_max), now_(std::move(now)), breaker_(breaker) {}

bool ScannerGate::is_open() const {
  const std::lock_guard lock(mutex_);
  return breaker_.is_open();
}

std::string ScannerGate::state() const {
  const std::lock_guard lock(mutex_);
  return breaker_.words(now_());
}

std::optional<Unscanned> ScannerGate::enter(const OpenMessage& message) {
  if (message.size_octets > octets_max_) {
    ++counts_.too_large;
    return Unscanned{Unscanned::Kind::too_large, std::to_string(message.size_octets) + " octets, " + name_ +
                                                     " is given " + std::to_string(octets_max_) + " at most"};
  }
  const std::lock_guard lock(mutex_);
  const auto now = now_();
  if (!breaker_.may_ask(now)) {
    ++counts_.skipped;
    return Unscanned{Unscanned::Kind::not_asked, name_ + " is not asked: " + breaker_.words(now)};
  }
  ++counts_.asked;
  return std::nullopt;
}

// A server that declines is there and answers at once. Nothing is won by not asking it, and a few messages
// made for it to choke on would keep it from all the others.
void ScannerGate::leave(const Unscanned* failure) {
  using Kind = Unscanned::Kind;
  const bool answered = !failure || failure->kind == Kind::declined || failure->kind == Kind::too_large;
  ++(answered ? counts_.answered : counts_.failed);
  const std::lock_guard lock(mutex_);
  if (answered) return breaker_.succeeded();
  if (failure->kind == Kind::unreadable) return breaker_.found_nothing_out();
  breaker_.failed(now_(), failure->why);
}

void ScannerGate::leave_by_exception() {
  ++counts_.failed;
  const std::lock_guard lock(mutex_);
  breaker_.found_nothing_out();
}

}  // namespace guichet::filters
