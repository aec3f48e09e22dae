#include "smtpd/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace guichet::smtpd {
namespace {

constexpr std::string_view mapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};  // RFC 4291 2.5.5.2

unsigned octet(char c) {
  return static_cast<unsigned char>(c);
}

// "1.2.0.192.", or the 32 nibbles.
std::string reversed(const IpAddress& address) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string name;
  for (auto c = address.octets.rbegin(); c != address.octets.rend(); ++c) {
    if (address.v4())
      name.append(std::to_string(octet(*c))).append(".");
    else
      name.append({digits[octet(*c) & 15], '.', digits[octet(*c) >> 4], '.'});
  }
  return name;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton would stop there
  char octets[16];
  const std::string terminated(text);
  if (::inet_pton(AF_INET, terminated.c_str(), octets) == 1) return IpAddress{{octets, 4}};
  if (::inet_pton(AF_INET6, terminated.c_str(), octets) != 1) return std::nullopt;
  const std::string_view all(octets, 16);
  return IpAddress{std::string(all.starts_with(mapped) ? all.substr(mapped.size()) : all)};
}

std::string to_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  (void)::inet_ntop(address.v4() ? AF_INET : AF_INET6, address.octets.data(), text, sizeof text);
  return text;
}

IpAddress first_of(IpAddress address, std::size_t octets_kept) {
  std::fill(address.octets.begin() + static_cast<std::ptrdiff_t>(octets_kept), address.octets.end(), '\0');
  return address;
}

std::optional<IpNetwork> parse_network(std::string_view text) {
  const auto slash = std::min(text.find('/'), text.size());
  auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto all = static_cast<unsigned>(address->octets.size() * 8);
  if (slash == text.size()) return IpNetwork{std::move(*address), all};
  unsigned bits = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
  if (error != std::errc() || stop != end || bits > all) return std::nullopt;
  return IpNetwork{std::move(*address), bits};
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.octets.size() != first.octets.size()) return false;
  const auto whole = bits / 8;
  if (address.octets.compare(0, whole, first.octets, 0, whole) != 0) return false;
  const auto rest = bits % 8;
  return rest == 0 || (octet(address.octets[whole]) ^ octet(first.octets[whole])) >> (8 - rest) == 0;
}

std::string neighbourhood(const IpAddress& address) {
  const std::size_t kept = address.v4() ? 3 : 8;
  return to_text(first_of(address, kept)) + "/" + std::to_string(kept * 8);
}

std::string pointer_name(const IpAddress& address) {
  return reversed(address) + (address.v4() ? "in-addr.arpa" : "ip6.arpa");
}

std::string name_in_list(const IpAddress& address, std::string_view zone) {
  return reversed(address).append(zone);
}

}  // namespace guichet::smtpd
