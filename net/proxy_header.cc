#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace guichet::net {
namespace {

using namespace std::string_view_literals;

// --- Addresses -------------------------------------------------------------------------------------------

constexpr auto mapped_prefix = "\0\0\0\0\0\0\0\0\0\0\xff\xff"sv;

// 4 or 16 octets, network order.
std::string address_text(int family, std::string_view octets) {
  if (family == AF_INET6 && octets.starts_with(mapped_prefix))
    return address_text(AF_INET, octets.substr(mapped_prefix.size()));
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, octets.data(), text.data(), text.size());
  return text.data();
}

std::optional<std::string> address_octets(int family, std::string_view text) {
  std::string octets(family == AF_INET ? 4 : 16, '\0');
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (::inet_pton(family, std::string(text).c_str(), octets.data()) != 1) return std::nullopt;
  return octets;
}

// Section 2.1: decimal, no zeros in front.
std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

std::uint16_t number_at(std::string_view octets, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(octets[at]) << 8 |
                                    static_cast<unsigned char>(octets[at + 1]));
}

// --- Version 1 -------------------------------------------------------------------------------------------

constexpr std::size_t text_octets_max = 107;  // with its CRLF
constexpr auto text_mark = "PROXY "sv;
constexpr auto text_unknown = "UNKNOWN"sv;

struct TextFields {
  std::string_view family, source, destination, source_port, destination_port;
};

// Single blanks between, nothing behind.
std::optional<TextFields> split(std::string_view line) {
  std::array<std::string_view, 5> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto blank = line.find(' ');
    const bool last = i + 1 == fields.size();
    if (last != (blank == std::string_view::npos)) return std::nullopt;
    fields.at(i) = line.substr(0, blank);
    line.remove_prefix(last ? line.size() : blank + 1);
  }
  return TextFields{fields[0], fields[1], fields[2], fields[3], fields[4]};
}

// --- Version 2 -------------------------------------------------------------------------------------------

constexpr auto signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t fixed_octets = 16;  // signature, version and command, family, length

constexpr unsigned command_proxy = 1;  // 0 is LOCAL

struct Family {
  unsigned code;
  int family;
  std::size_t address_octets;
  [[nodiscard]] std::size_t octets() const { return 2 * address_octets + 4; }  // both ends, and two ports
};
constexpr std::array families{Family{0x11, AF_INET, 4}, Family{0x21, AF_INET6, 16}};
constexpr unsigned unspecified = 0x00;

unsigned octet_at(std::string_view octets, std::size_t at) {
  return static_cast<unsigned char>(octets[at]);
}

bool is_proxied(std::string_view fixed) {
  return (octet_at(fixed, 12) & 0x0fU) == command_proxy;
}

const Family* family_of(std::string_view fixed) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const Family& f) { return f.code == octet_at(fixed, 13); });
  return found == families.end() ? nullptr : &*found;
}

}  // namespace

ProxyHeaderReader::State ProxyHeaderReader::feed(std::string_view octets) {
  if (state_ != State::reading) return state_;
  octets = octets.substr(0, wanted_);
  wanted_ -= octets.size();
  if (!skipping_) held_ += octets;
  advance();
  return state_;
}

// Nothing is judged before all that was asked for is there, so the answer does not depend on the pieces.
void ProxyHeaderReader::advance() {
  if (wanted_ > 0) return;
  if (skipping_) return finish();
  if (held_.starts_with(text_mark)) return read_text();
  if (held_.starts_with(signature)) return read_binary();
  fail("no PROXY header");
}

// Section 2.1. Octet by octet towards the end of the line: a few dozen short reads, and none past it.
void ProxyHeaderReader::read_text() {
  const std::string_view all = held_;
  if (!all.ends_with("\r\n")) {
    if (all.size() >= text_octets_max) return fail("version 1: longer than 107 octets");
    wanted_ = all.ends_with('\r') || all.size() + 1 == text_octets_max ? 1 : 2;
    return;
  }
  const auto line = all.substr(text_mark.size(), all.size() - text_mark.size() - 2);
  // The rest of the line, if there is one, must be ignored then.
  if (line == text_unknown || line.starts_with("UNKNOWN ")) return finish();
  const auto fields = split(line);
  if (!fields) return fail("version 1: not five fields");
  const int family = fields->family == "TCP4" ? AF_INET : fields->family == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC) return fail("version 1: neither TCP4 nor TCP6 nor UNKNOWN");
  const auto source = address_octets(family, fields->source);
  const auto port = port_of(fields->source_port);
  if (!source || !address_octets(family, fields->destination)) return fail("version 1: not an address");
  if (!port || !port_of(fields->destination_port)) return fail("version 1: not a port");
  client_ = ProxiedClient{address_text(family, *source), *port};
  finish();
}

// Section 2.2: fixed part, addresses, extensions.
void ProxyHeaderReader::read_binary() {
  if (held_.size() < fixed_octets) {
    wanted_ = fixed_octets - held_.size();
    return;
  }
  if (held_.size() == fixed_octets) {
    if (octet_at(held_, 12) >> 4 != 2) return fail("version 2: another version");
    if ((octet_at(held_, 12) & 0x0fU) > command_proxy) return fail("version 2: neither LOCAL nor PROXY");
  }
  read_addresses();
}

void ProxyHeaderReader::read_addresses() {
  const std::string_view all = held_;
  const std::size_t length = number_at(all, 14);
  // What stands behind LOCAL, or for a family that is not said, tells of nobody.
  if (!is_proxied(all) || octet_at(all, 13) == unspecified) return skip(length);
  const auto* family = family_of(all);
  if (!family) return fail("version 2: not TCP over IPv4 or IPv6");
  if (length < family->octets()) return fail("version 2: too short for its addresses");
  if (all.size() == fixed_octets) {
    wanted_ = family->octets();
    return;
  }
  const auto addresses = all.substr(fixed_octets);
  client_ = ProxiedClient{address_text(family->family, addresses),
                          number_at(addresses, 2 * family->address_octets)};
  skip(length - family->octets());
}

void ProxyHeaderReader::skip(std::size_t octets) {
  skipping_ = true;
  wanted_ = octets;
  advance();
}

void ProxyHeaderReader::fail(std::string_view why) {
  state_ = State::bad;
  why_ = why;
  wanted_ = 0;
  client_.reset();
}

void ProxyHeaderReader::finish() {
  state_ = State::done;
  wanted_ = 0;
}

}  // namespace guichet::net
