// The header that a proxy puts in front of a connection to say whose it is: the PROXY protocol, versions 1
// and 2 (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2). A pure reader: octets in, an answer out.
//
// It says how many octets surely still belong to the header, and is never given more: what the client says
// next, be it SMTP or a TLS handshake, stays in the socket. So it must only be asked about connections from
// addresses that are configured to be proxies: anybody else could claim to be anyone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::net {

// The other end of the connection that the proxy took.
struct ProxiedClient {
  std::string address;  // "192.0.2.1", "2001:db8::1"; an IPv4 address mapped into IPv6 is the IPv4 address
  std::uint16_t port = 0;
  friend bool operator==(const ProxiedClient&, const ProxiedClient&) = default;
};

class ProxyHeaderReader {
 public:
  enum class State { reading, done, bad };

  // While reading: at least 1, and no more than what is left of the header, whatever comes.
  [[nodiscard]] std::size_t octets_wanted() const { return wanted_; }
  // At most octets_wanted() of them; once done or bad nothing more is taken.
  State feed(std::string_view octets);
  [[nodiscard]] State state() const { return state_; }

  // Once done. nullopt: the proxy speaks for itself (a health check: LOCAL), or does not know (UNKNOWN).
  // nullopt before that, too.
  [[nodiscard]] std::optional<ProxiedClient> client() const {
    return state_ == State::done ? client_ : std::nullopt;
  }
  // Once bad: what is wrong, for the log; a literal.
  [[nodiscard]] std::string_view why() const { return why_; }

 private:
  void advance();
  void read_text();
  void read_binary();
  void read_addresses();
  void skip(std::size_t octets);
  void fail(std::string_view why);
  void finish();

  State state_ = State::reading;
  std::size_t wanted_ = 15;  // the shortest header of all: "PROXY UNKNOWN" CRLF
  std::string held_;         // what came, but for what is skipped
  bool skipping_ = false;    // version 2, behind the addresses: extensions, whatever they say
  std::optional<ProxiedClient> client_;
  std::string_view why_;
};

}  // namespace guichet::net
