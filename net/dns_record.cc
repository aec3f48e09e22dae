#include "net/dns_record.h"

#include <arpa/inet.h>

#include <algorithm>

namespace guichet::net {
namespace {

constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4; above that it is a compression pointer
constexpr std::size_t name_octets_max = 255;

std::uint8_t octet(char c) {
  return static_cast<std::uint8_t>(c);
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::optional<std::string> address(int family, std::size_t octets, std::string_view rdata) {
  char text[INET6_ADDRSTRLEN];
  if (rdata.size() != octets || !::inet_ntop(family, rdata.data(), text, sizeof text)) return std::nullopt;
  return text;
}

// Labels with their lengths in front, and a zero. The resolver has undone compression: a pointer here is
// malformed, so no loop can be followed.
std::optional<std::string> name(std::string_view rdata) {
  if (rdata.size() > name_octets_max) return std::nullopt;
  std::string text;
  while (!rdata.empty() && rdata.front() != 0) {
    const std::size_t length = octet(rdata.front());
    if (length > label_octets_max || length + 1 >= rdata.size()) return std::nullopt;
    const auto label = rdata.substr(1, length);
    if (!std::ranges::all_of(label, plain)) return std::nullopt;
    text.append(text.empty() ? "" : ".").append(label);
    rdata.remove_prefix(length + 1);
  }
  if (rdata.size() != 1 || text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string> exchange(std::string_view rdata) {
  if (rdata.size() < 3) return std::nullopt;
  const unsigned preference = octet(rdata[0]) * 256u + octet(rdata[1]);
  const auto host = name(rdata.substr(2));
  if (!host) return std::nullopt;
  return std::to_string(preference) + " " + *host;
}

std::optional<std::string> strings(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const std::size_t length = octet(rdata.front());
    if (length + 1 > rdata.size()) return std::nullopt;
    text.append(rdata.substr(1, length));
    rdata.remove_prefix(length + 1);
  }
  return text;
}

}  // namespace

std::optional<std::string> record_text(RecordType type, std::string_view rdata) {
  switch (type) {
    case RecordType::a:
      return address(AF_INET, 4, rdata);
    case RecordType::aaaa:
      return address(AF_INET6, 16, rdata);
    case RecordType::ptr:
      return name(rdata);
    case RecordType::mx:
      return exchange(rdata);
    case RecordType::txt:
      return strings(rdata);
  }
  return std::nullopt;
}

}  // namespace guichet::net
