#include "filters/ip_address.h"

#include <arpa/inet.h>

#include <array>
#include <vector>

namespace guichet::filters {
namespace {

constexpr std::string_view mapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};  // RFC 4291 2.5.5.2

unsigned octet(char c) {
  return static_cast<unsigned char>(c);
}

std::optional<IpAddress> parse(int family, std::size_t octets, std::string_view text) {
  // No address is longer; and inet_pton would stop at a NUL.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::array<char, 16> made{};
  if (::inet_pton(family, std::string(text).c_str(), made.data()) != 1) return std::nullopt;
  return IpAddress{std::string(made.data(), octets)};
}

// The parts between the dots, the most significant first.
std::vector<std::string> parts(const IpAddress& address) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::vector<std::string> made;
  for (const char c : address.octets) {
    if (address.v4()) {
      made.push_back(std::to_string(octet(c)));
      continue;
    }
    made.emplace_back(1, digits[octet(c) >> 4]);
    made.emplace_back(1, digits[octet(c) & 15]);
  }
  return made;
}

}  // namespace

bool IpAddress::shares(const IpAddress& other, unsigned bits) const {
  if (octets.size() != other.octets.size() || bits > octets.size() * 8) return false;
  const std::size_t whole = bits / 8;
  if (octets.compare(0, whole, other.octets, 0, whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((octet(octets[whole]) ^ octet(other.octets[whole])) >> (8 - rest)) == 0;
}

std::optional<IpAddress> parse_ip4(std::string_view text) {
  return parse(AF_INET, 4, text);
}

std::optional<IpAddress> parse_ip6(std::string_view text) {
  return parse(AF_INET6, 16, text);
}

std::optional<IpAddress> parse_client(std::string_view text) {
  if (auto address = parse_ip4(text)) return address;
  auto address = parse_ip6(text);
  if (address && address->octets.starts_with(mapped)) address->octets.erase(0, mapped.size());
  return address;
}

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  (void)::inet_ntop(address.v4() ? AF_INET : AF_INET6, address.octets.data(), text.data(), text.size());
  return text.data();
}

std::string dotted(const IpAddress& address) {
  std::string text;
  for (const auto& part : parts(address))
    text.append(text.empty() ? "" : ".").append(part);
  return text;
}

std::string pointer_name(const IpAddress& address) {
  std::string name = address.v4() ? "in-addr.arpa" : "ip6.arpa";
  for (const auto& part : parts(address))
    name.insert(0, part + ".");
  return name;
}

}  // namespace guichet::filters
