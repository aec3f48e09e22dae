// Stops asking a server that does not answer, so that each message does not wait for it to time out. Pure:
// the time is given.
//
// Closed: all may ask. After a number of failures in a row it opens, and nobody may ask for a while. Then it
// is half open: one may ask, the others not. If that goes well it closes, else it stays open for twice as
// long, up to a longest time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace guichet::filters {

class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    unsigned failures_max = 5;
    Duration first_wait = std::chrono::seconds(10);
    Duration longest_wait = std::chrono::seconds(300);
  };

  explicit CircuitBreaker(Options options) : options_(options) {}

  // True: whoever asked must say how it went, by one of the next three.
  [[nodiscard]] bool may_ask(Time now);
  void succeeded();
  void failed(Time now, std::string why);
  void found_nothing_out() { probing_ = false; }  // ended, and nothing is known of the server

  [[nodiscard]] bool is_open() const { return open_since_.has_value(); }
  // For people: "open for 42 s after 7 failures in a row, the last: connection refused; asked again in 18 s".
  [[nodiscard]] std::string words(Time now) const;

 private:
  Options options_;
  unsigned failures_ = 0;  // in a row
  std::string why_;        // of the last of them
  std::optional<Time> open_since_;
  Time not_before_{};
  Duration wait_{};
  bool probing_ = false;
};

}  // namespace guichet::filters
