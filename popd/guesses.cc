#include "popd/guesses.h"

#include <algorithm>
#include <utility>

namespace guichet::popd {
namespace {

constexpr std::chrono::seconds first_delay{2};
constexpr unsigned doublings_max = 10;  // more than any delay needs

}  // namespace

bool Guesses::locked(const Caller& caller, Clock::time_point now) const {
  if (caller.near || rules_.failures_max == 0) return false;
  const std::lock_guard guard(mutex_);
  const auto found = by_name_.find(caller.place);
  if (found == by_name_.end()) return false;
  const Place& place = *found->second;
  return place.failures >= rules_.failures_max && now - place.last < rules_.lock;
}

Guesses::Failure Guesses::failed(const Caller& caller, Clock::time_point now) {
  const std::lock_guard guard(mutex_);
  forget(now);
  Place& place = place_of(caller.place, now);
  ++place.failures;
  // Failures that were under way together may go past the limit: told once.
  return {delay(place.failures), !caller.near && place.failures == rules_.failures_max};
}

Guesses::Clock::duration Guesses::delay(unsigned failures) const {
  const auto doubled = first_delay * (1u << std::min(failures - 1, doublings_max));
  return std::min<Clock::duration>(doubled, rules_.delay_max);
}

// The last of the list from now on.
Guesses::Place& Guesses::place_of(const std::string& name, Clock::time_point now) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) {
    places_.splice(places_.end(), places_, found->second);
  } else {
    places_.push_back({.name = name, .failures = 0, .last = now});
    by_name_.emplace(name, std::prev(places_.end()));
    if (places_.size() > places_max) {
      by_name_.erase(places_.front().name);
      places_.pop_front();
    }
  }
  places_.back().last = now;
  return places_.back();
}

void Guesses::forget(Clock::time_point now) {
  while (!places_.empty() && now - places_.front().last >= rules_.lock) {
    by_name_.erase(places_.front().name);
    places_.pop_front();
  }
}

}  // namespace guichet::popd
