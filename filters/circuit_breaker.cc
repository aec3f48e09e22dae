#include "filters/circuit_breaker.h"

#include <algorithm>
#include <utility>

namespace guichet::filters {
namespace {

std::string seconds(CircuitBreaker::Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

bool CircuitBreaker::may_ask(Time now) {
  if (!open_since_) return true;
  if (probing_ || now < not_before_) return false;
  probing_ = true;
  return true;
}

// Also of one that asked before it opened: the server is there.
void CircuitBreaker::succeeded() {
  failures_ = 0;
  open_since_.reset();
  probing_ = false;
}

void CircuitBreaker::failed(Time now, std::string why) {
  // Asked before it opened, like many others: they tell nothing new, and must not double the wait.
  if (open_since_ && !probing_) return;
  ++failures_;
  why_ = std::move(why);
  if (!open_since_ && failures_ < options_.failures_max) return;
  wait_ = std::min(open_since_ ? 2 * wait_ : options_.first_wait, options_.longest_wait);
  if (!open_since_) open_since_ = now;
  not_before_ = now + wait_;
  probing_ = false;
}

std::string CircuitBreaker::words(Time now) const {
  if (!open_since_)
    return failures_ == 0 ? "closed" : "closed, " + std::to_string(failures_) + " failed: " + why_;
  const auto next = probing_            ? std::string("one message asks it now")
                    : now < not_before_ ? "asked again in " + seconds(not_before_ - now)
                                        : std::string("the next message asks it again");
  return "open for " + seconds(now - *open_since_) + " after " + std::to_string(failures_) +
         " failures in a row, the last: " + why_ + "; " + next;
}

}  // namespace guichet::filters
