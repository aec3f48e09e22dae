// Addresses whose handshake failed, and with whom it is better not to try again for a while.
//
// A broken old server that is offered TLS, fails at it and comes back would go on like that until its message
// is given up; offered none, it sends in clear, and the reply arrives. Whoever sits on the line could have
// taken the offer away in any case (RFC 3207 section 6), so nothing is lost to an attacker by it.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

#include "net/recent.h"

namespace guichet::net {

// A place is an address, or in IPv6 the /64 that one customer has (networks.h, place_of). Thread-safe.
// Bounded: the one that failed longest ago makes room.
class HandshakeFailures {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t places_max = 10'000;

  // Each failure is remembered for `memory`. 0: none is.
  explicit HandshakeFailures(Clock::duration memory) : memory_(memory), failed_at_(places_max) {}

  void failed(const std::string& place, Clock::time_point now);
  // A handshake that succeeds makes up for one that did not.
  void succeeded(const std::string& place);
  [[nodiscard]] bool remembers(const std::string& place, Clock::time_point now) const;

 private:
  const Clock::duration memory_;
  mutable std::mutex mutex_;
  Recent<Clock::time_point> failed_at_;
};

}  // namespace guichet::net
