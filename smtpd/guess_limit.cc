#include "smtpd/guess_limit.h"

#include <algorithm>

namespace guichet::smtpd {

bool is_guess(RecipientClass recipient_class) {
  return recipient_class == RecipientClass::repairable || recipient_class == RecipientClass::unknown;
}

bool GuessLimit::exceeded(const std::string& place, RecipientClass recipient_class, Clock::time_point now) {
  if (guesses_max_ == 0 || !is_guess(recipient_class)) return false;
  const std::lock_guard guard(mutex_);
  auto& known = place_of(place, now);
  const auto guesses = left_of(known, now) + 1;
  // What is put off does not count: whoever tries less often is let in again without a pause.
  if (guesses > guesses_max_) return true;
  known.guesses = guesses;
  known.last = now;
  return false;
}

std::size_t GuessLimit::places() const {
  const std::lock_guard guard(mutex_);
  return places_.size();
}

// At the end of the list from now on.
GuessLimit::Place& GuessLimit::place_of(const std::string& name, Clock::time_point now) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    places_.splice(places_.end(), places_, found->second);
    return places_.back();
  }
  if (places_.size() == places_max) {
    by_name_.erase(places_.front().name);
    places_.pop_front();
  }
  places_.push_back({name, 0, now});
  by_name_.emplace(name, std::prev(places_.end()));
  return places_.back();
}

double GuessLimit::left_of(const Place& place, Clock::time_point now) const {
  const std::chrono::duration<double, std::chrono::hours::period> passed = now - place.last;
  return std::max(0.0, place.guesses - guesses_max_ * (passed / window));
}

}  // namespace guichet::smtpd
