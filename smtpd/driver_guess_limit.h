// Who tries addresses until one is right: how many a client may try in an hour. A guess is a recipient that
// is REPAIRABLE or UNKNOWN, whether the site takes it or not. Past the limit guesses are put off (450 4.7.1),
// so that an honest server that has many old addresses comes back with them; whatever is GENUINE, LOCAL,
// LISTED or PREFIX is answered as ever. What is put off does not count: whoever tries less often is let in
// again without a pause.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "net/rates.h"
#include "smtpd/recipient_class.h"

namespace guichet::smtpd {

// Thread-safe. Knows so many places at most: the one that guessed longest ago makes room.
class GuessLimit {
 public:
  using Clock = net::Rates::Clock;
  static constexpr std::size_t places_max = net::Rates::names_max;
  static constexpr std::chrono::hours window{1};

  explicit GuessLimit(unsigned guesses_max) : guesses_(guesses_max, window) {}  // 0: no limit

  // A recipient of this class from this place (an address, or in IPv6 a /64). True: it is a guess too many.
  [[nodiscard]] bool exceeded(const std::string& place, RecipientClass recipient_class,
                              Clock::time_point now) {
    return is_guess(recipient_class) && !guesses_.take(place, now);
  }

  [[nodiscard]] std::size_t places() const { return guesses_.names(); }

 private:
  net::Rates guesses_;
};

}  // namespace guichet::smtpd
