// Addresses as an operator writes them: "127.0.0.1:2525", "[::1]:2525", "192.0.2.0/24".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace guichet::net {

[[nodiscard]] std::optional<boost::asio::ip::tcp::endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

// Who shares it shares limits: the address, or in IPv6, where one customer has 2^64 of them, its /64.
// "192.0.2.1", "2001:db8:1:2::/64"; an IPv4 address mapped into IPv6 is the IPv4 address.
[[nodiscard]] std::string place_of(const boost::asio::ip::address& address);

class Networks {
 public:
  Networks() = default;  // none
  // Texts that are no CIDR are skipped; conf/ has refused them before.
  explicit Networks(const std::vector<std::string>& cidrs);
  // An IPv4 address mapped into IPv6 is the IPv4 address.
  [[nodiscard]] bool contain(const boost::asio::ip::address& address) const;

 private:
  struct Network {
    std::vector<std::uint8_t> octets;  // 4 or 16
    unsigned bits = 0;
  };
  std::vector<Network> networks_;
};

}  // namespace guichet::net
