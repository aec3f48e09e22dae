// Wrong passwords, by where they came from: how long the answer to one is held back, and who is locked.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

namespace guichet::popd {

struct GuessRules {
  // The answer to a wrong password comes after 2 s, then 4, 8, … and never later than this. 0: at once.
  std::chrono::seconds delay_max{15};
  unsigned failures_max = 20;      // from one place; then it is locked. 0: never
  std::chrono::seconds lock{900};  // so long; and so long after its last failure a place is forgotten
};

// Who knocks. A place is an address, or in IPv6 the /64 that one customer has.
struct Caller {
  std::string place;
  bool near = false;  // on this machine, or trusted: never locked
};

// Thread-safe. Knows 10,000 places at most: the one that failed longest ago makes room.
class Guesses {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t places_max = 10'000;

  explicit Guesses(GuessRules rules) : rules_(rules) {}

  // What this one tries is not even looked at.
  [[nodiscard]] bool locked(const Caller& caller, Clock::time_point now) const;

  struct Failure {
    Clock::duration held_back{};
    bool locks = false;  // this was one too many
  };
  // A wrong password. A right one forgives nothing: whoever has one could guess others' in between.
  [[nodiscard]] Failure failed(const Caller& caller, Clock::time_point now);

  // For an answer that says nothing of the password.
  [[nodiscard]] Clock::duration longest() const { return rules_.delay_max; }

 private:
  struct Place {
    std::string name;
    unsigned failures = 0;
    Clock::time_point last;
  };
  using Places = std::list<Place>;

  Place& place_of(const std::string& name, Clock::time_point now);
  void forget(Clock::time_point now);
  [[nodiscard]] Clock::duration delay(unsigned failures) const;

  const GuessRules rules_;
  mutable std::mutex mutex_;
  Places places_;  // the one that failed longest ago first
  std::map<std::string, Places::iterator> by_name_;
};

}  // namespace guichet::popd
