#include "net/handshake_failures.h"

namespace guichet::net {

void HandshakeFailures::failed(const std::string& place, Clock::time_point now) {
  if (memory_ == Clock::duration::zero()) return;
  const std::lock_guard guard(mutex_);
  failed_at_.use(place) = now;
}

void HandshakeFailures::succeeded(const std::string& place) {
  const std::lock_guard guard(mutex_);
  failed_at_.erase(place);
}

bool HandshakeFailures::remembers(const std::string& place, Clock::time_point now) const {
  const std::lock_guard guard(mutex_);
  const auto* at = failed_at_.peek(place);
  return at && now - *at < memory_;
}

}  // namespace guichet::net
