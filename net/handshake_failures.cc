#include "net/handshake_failures.h"

#include <iterator>

namespace guichet::net {

void HandshakeFailures::failed(const std::string& place, Clock::time_point now) {
  if (memory_ == Clock::duration::zero()) return;
  const std::lock_guard guard(mutex_);
  if (const auto known = by_place_.find(place); known != by_place_.end()) erase(known->second);
  if (failures_.size() == places_max) erase(failures_.begin());
  failures_.push_back({place, now});
  by_place_.emplace(place, std::prev(failures_.end()));
}

void HandshakeFailures::succeeded(const std::string& place) {
  const std::lock_guard guard(mutex_);
  if (const auto known = by_place_.find(place); known != by_place_.end()) erase(known->second);
}

bool HandshakeFailures::remembers(const std::string& place, Clock::time_point now) const {
  const std::lock_guard guard(mutex_);
  const auto known = by_place_.find(place);
  return known != by_place_.end() && now - known->second->at < memory_;
}

void HandshakeFailures::erase(Failures::iterator failure) {
  by_place_.erase(failure->place);
  failures_.erase(failure);
}

}  // namespace guichet::net
