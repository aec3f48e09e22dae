// Who tries addresses until one is right: how many a client may try in an hour. A guess is a recipient that
// is REPAIRABLE or UNKNOWN, whether the site takes it or not. Past the limit guesses are put off (450 4.7.1),
// so that an honest server that has many old addresses comes back with them; whatever is GENUINE, LOCAL,
// LISTED or PREFIX is answered as ever.
//
// A level that runs empty within the hour, so there is no moment at which all is forgotten. Pure but for its
// lock: the time is told.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include "smtpd/recipient_class.h"

namespace guichet::smtpd {

// Thread-safe. Knows 10,000 places at most: the one that guessed longest ago makes room.
class GuessLimit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t places_max = 10'000;
  static constexpr std::chrono::hours window{1};

  explicit GuessLimit(unsigned guesses_max) : guesses_max_(guesses_max) {}  // in the window; 0: no limit

  // A recipient of this class from this place (an address, or in IPv6 a /64). True: it is a guess too many.
  [[nodiscard]] bool exceeded(const std::string& place, RecipientClass recipient_class,
                              Clock::time_point now);

  [[nodiscard]] std::size_t places() const;

 private:
  struct Place {
    std::string name;
    double guesses = 0;  // not yet forgotten at `last`
    Clock::time_point last;
  };
  using Places = std::list<Place>;

  Place& place_of(const std::string& name, Clock::time_point now);
  [[nodiscard]] double left_of(const Place& place, Clock::time_point now) const;

  const unsigned guesses_max_;
  mutable std::mutex mutex_;
  Places places_;  // the one that guessed longest ago first
  std::map<std::string, Places::iterator> by_name_;
};

[[nodiscard]] bool is_guess(RecipientClass recipient_class);

}  // namespace guichet::smtpd
