// Addresses as octets, for filters that compare them or make names of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guichet::filters {

struct IpAddress {
  std::string octets;  // 4 or 16, in network order

  [[nodiscard]] bool v4() const { return octets.size() == 4; }
  // Whether the first `bits` of both are the same; never of an IPv4 and an IPv6 address. bits <= 32 or 128.
  [[nodiscard]] bool shares(const IpAddress& other, unsigned bits) const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// "192.0.2.1", without leading zeros. "2001:db8::1", in every form of RFC 4291 2.2.
[[nodiscard]] std::optional<IpAddress> parse_ip4(std::string_view text);
[[nodiscard]] std::optional<IpAddress> parse_ip6(std::string_view text);
// Of a client: an IPv4 address mapped into IPv6 is the IPv4 address (RFC 7208 5).
[[nodiscard]] std::optional<IpAddress> parse_client(std::string_view text);

[[nodiscard]] std::string to_text(const IpAddress& address);  // "2001:db8::1" (RFC 5952)
// "192.0.2.1", or all 32 nibbles with dots between, as RFC 7208 7.3 writes them: "2.0.0.1.0.D.B.8.0…"
[[nodiscard]] std::string dotted(const IpAddress& address);
// RFC 1035 3.5, RFC 3596 2.5: "1.2.0.192.in-addr.arpa"
[[nodiscard]] std::string pointer_name(const IpAddress& address);

}  // namespace guichet::filters
