#include "net/networks.h"

#include <algorithm>
#include <charconv>

namespace guichet::net {
namespace {

namespace ip = boost::asio::ip;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::uint8_t> octets_of(const ip::address& address) {
  if (address.is_v4()) {
    const auto octets = address.to_v4().to_bytes();
    return {octets.begin(), octets.end()};
  }
  if (address.to_v6().is_v4_mapped()) return octets_of(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  const auto octets = address.to_v6().to_bytes();
  return {octets.begin(), octets.end()};
}

bool same_bits(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const auto rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

std::optional<ip::tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host), error);
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (error || !port) return std::nullopt;
  return ip::tcp::endpoint(address, *port);
}

std::string to_text(const ip::tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  const auto port = ":" + std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]" + port : host + port;
}

std::string place_of(const ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto whole = address.to_v6();
  if (whole.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, whole).to_string();
  auto octets = whole.to_bytes();
  std::fill(octets.begin() + 8, octets.end(), std::uint8_t{0});
  return ip::address_v6(octets).to_string() + "/64";
}

Networks::Networks(const std::vector<std::string>& cidrs) {
  for (const auto& cidr : cidrs) {
    const auto slash = std::min(cidr.find('/'), cidr.size());
    boost::system::error_code error;
    const auto address = ip::make_address(cidr.substr(0, slash), error);
    if (error) continue;
    const auto octets = octets_of(address);
    const auto all = static_cast<unsigned>(octets.size() * 8);
    const auto bits = slash == cidr.size() ? all : parse_number<unsigned>(cidr.substr(slash + 1));
    if (bits && *bits <= all) networks_.push_back({octets, *bits});
  }
}

bool Networks::contain(const ip::address& address) const {
  const auto octets = octets_of(address);
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.octets.size() == octets.size() && same_bits(network.octets, octets, network.bits);
  });
}

}  // namespace guichet::net
