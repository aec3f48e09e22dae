// Addresses and networks as plain octets, for whoever needs their parts and no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guichet::smtpd {

struct IpAddress {
  std::string octets;  // 4 or 16, network order; an IPv4 address mapped into IPv6 is the IPv4 address

  [[nodiscard]] bool v4() const { return octets.size() == 4; }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct IpNetwork {
  IpAddress first;
  unsigned bits = 0;

  [[nodiscard]] bool contains(const IpAddress& address) const;
};

[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
[[nodiscard]] std::string to_text(const IpAddress& address);  // as inet_ntop writes it
// The first of the network of so many leading octets.
[[nodiscard]] IpAddress first_of(IpAddress address, std::size_t octets_kept);
// "192.0.2.0/24"; an address alone is a network of one.
[[nodiscard]] std::optional<IpNetwork> parse_network(std::string_view text);

// "192.0.2.0/24" and "2001:db8:1:2::/64": the servers of one sender, which take turns in trying again.
[[nodiscard]] std::string neighbourhood(const IpAddress& address);

// Under which name DNS has something about it: RFC 1035 3.5 and RFC 3596 2.5, and RFC 5782 2.1 and 2.4 for a
// list. "1.2.0.192.in-addr.arpa", "1.2.0.192.zen.example".
[[nodiscard]] std::string pointer_name(const IpAddress& address);
[[nodiscard]] std::string name_in_list(const IpAddress& address, std::string_view zone);

}  // namespace guichet::smtpd
