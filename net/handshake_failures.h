// Addresses whose handshake failed, and with whom it is better not to try again for a while.
//
// A broken old server that is offered TLS, fails at it and comes back would go on like that until its message
// is given up; offered none, it sends in clear, and the reply arrives. Whoever sits on the line could have
// taken the offer away in any case (RFC 3207 section 6), so nothing is lost to an attacker by it.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

namespace guichet::net {

// A place is an address, or in IPv6 the /64 that one customer has (networks.h, place_of). Thread-safe.
// Bounded: the one that failed longest ago makes room.
class HandshakeFailures {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t places_max = 10'000;

  // Each failure is remembered for `memory`. 0: none is.
  explicit HandshakeFailures(Clock::duration memory) : memory_(memory) {}

  void failed(const std::string& place, Clock::time_point now);
  // A handshake that succeeds makes up for one that did not.
  void succeeded(const std::string& place);
  [[nodiscard]] bool remembers(const std::string& place, Clock::time_point now) const;

 private:
  struct Failure {
    std::string place;
    Clock::time_point at;
  };
  using Failures = std::list<Failure>;

  void erase(Failures::iterator failure);

  const Clock::duration memory_;
  mutable std::mutex mutex_;
  Failures failures_;  // the oldest first
  std::map<std::string, Failures::iterator> by_place_;
};

}  // namespace guichet::net
