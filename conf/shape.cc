#include "conf/shape.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace guichet::conf {
namespace {

constexpr std::size_t domain_octets_max = 253;  // RFC 1035 section 2.3.4, without length octets
constexpr std::size_t label_octets_max = 63;
constexpr std::size_t local_part_octets_max = 64;  // RFC 5321 section 4.5.3.1.1
constexpr std::size_t maildrop_name_octets_max = 64;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view alphanumerics = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool contains(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

bool consists_of(std::string_view text, std::string_view set, std::string_view more = {}) {
  return std::ranges::all_of(text, [=](char c) { return contains(set, c) || contains(more, c); });
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_octets_max && consists_of(label, alphanumerics, "-") &&
         label.front() != '-' && label.back() != '-';
}

// A last label of digits alone would make 192.0.2.1 a name (RFC 1123 section 2.1, discussion).
bool is_domain_name(std::string_view text) {
  if (text.size() > domain_octets_max) return false;
  for (;;) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !consists_of(label, digits);
    text.remove_prefix(dot + 1);
  }
}

// The octets of an address, 4 or 16, in network order.
std::optional<std::string> parse_address(int family, std::string_view text) {
  // inet_pton stops at a NUL, so what is no part of an address must not reach it.
  if (!consists_of(text, alphanumerics, ".:")) return std::nullopt;
  std::array<char, sizeof(in6_addr)> octets{};
  if (inet_pton(family, std::string(text).c_str(), octets.data()) != 1) return std::nullopt;
  return std::string(octets.data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
}

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::optional<Endpoint> make_endpoint(int family, std::string_view address, std::string_view port_text) {
  const auto octets = parse_address(family, address);
  const auto port = parse_integer<std::uint16_t>(port_text);
  if (!octets || !port) return std::nullopt;
  return Endpoint{.address = *octets, .port = *port};
}

bool is_listen_address(std::string_view text) {
  return parse_endpoint(text).has_value();
}

bool host_bits_are_zero(std::string_view address, unsigned bits) {
  for (std::size_t bit = bits; bit < address.size() * 8; ++bit) {
    const auto octet = static_cast<unsigned char>(address[bit / 8]);
    if ((octet >> (7 - bit % 8)) & 1) return false;
  }
  return true;
}

// With host bits set, 10.1.2.3/8 says one thing and means another: whoever wrote it meant /32 or 10.0.0.0.
bool is_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, slash);
  const auto octets = parse_address(contains(address, ':') ? AF_INET6 : AF_INET, address);
  const auto bits = parse_integer<unsigned>(text.substr(slash + 1));
  return octets && bits && *bits <= octets->size() * 8 && host_bits_are_zero(*octets, *bits);
}

// No dot in front: the name must not be that of a folder above, nor of a hidden file.
bool is_maildrop_name(std::string_view text) {
  return !text.empty() && text.size() <= maildrop_name_octets_max && text.front() != '.' &&
         consists_of(text, alphanumerics, "._-");
}

bool is_prefix(std::string_view text) {
  return text.size() <= local_part_octets_max && consists_of(text, alphanumerics, "!#$%&'*+-/=?^_`{|}~.");
}

bool is_password_hash(std::string_view text) {
  if (!text.starts_with('$')) return false;
  const std::size_t method_end = text.find('$', 1);
  if (method_end == std::string_view::npos || method_end == 1 || method_end + 1 == text.size()) return false;
  return consists_of(text, alphanumerics, "$./,=+-");
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f'; });
}

// The backends of restic 0.14. A relative path is left out: relative to what would be a surprise.
bool is_repository(std::string_view text) {
  constexpr std::array<std::string_view, 9> begins{
      "/", "s3:", "rest:", "sftp:", "b2:", "gs:", "azure:", "swift:", "rclone:"};
  return is_printable(text) && std::ranges::any_of(begins, [text](std::string_view begin) {
           return text.starts_with(begin) && (text.size() > begin.size() || begin == "/");
         });
}

bool is_program(std::string_view text) {
  return !text.empty() && is_printable(text) && (text.front() == '/' || !contains(text, '/'));
}

bool is_recipient_pattern(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find(' ') == std::string_view::npos;
}

// In clear to this machine only: the message and the password would be read on the way.
bool is_ingress_url(std::string_view text) {
  if (text.starts_with("https://")) return text.size() > 8;
  for (const std::string_view local : {"http://127.0.0.1", "http://localhost", "http://[::1]"})
    if (text.starts_with(local) && (text.size() == local.size() || contains(":/", text[local.size()])))
      return true;
  return false;
}

bool is_relay_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const auto port = parse_integer<std::uint16_t>(text.substr(colon + 1));
  return port && *port > 0 && (is_domain_name(text.substr(0, colon)) || is_listen_address(text));
}

bool is_variable(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0;
}

bool is_word(std::string_view text) {
  return !text.empty();
}

bool is_exit_code(std::string_view text) {
  const auto code = parse_integer<unsigned>(text);
  return code && *code > 0 && *code < 256;
}

bool is_server_address(std::string_view text) {
  const auto endpoint = parse_endpoint(text);
  return endpoint && endpoint->port != 0;
}

bool is_door_entry(std::string_view text) {
  if (text == "<>") return true;
  if (const auto at = text.rfind('@'); at != std::string_view::npos)
    return text.size() <= 320 && is_domain_name(text.substr(at + 1));
  if (is_network(text) || parse_address(AF_INET, text) || parse_address(AF_INET6, text)) return true;
  return is_domain_name(text.starts_with('.') ? text.substr(1) : text);
}

bool is_list_answer(std::string_view text) {
  std::size_t parts = 0;
  for (bool more = true; more; ++parts) {
    const auto dot = text.find('.');
    const auto part = text.substr(0, dot);
    if (part != "*" && (part.empty() || part.size() > 3 || !consists_of(part, digits))) return false;
    more = dot != std::string_view::npos;
    text.remove_prefix(more ? dot + 1 : text.size());
  }
  return parts == 4;
}

bool is_recipient_address(std::string_view text) {
  return is_recipient_pattern(text) && !contains(text, '*') &&
         is_domain_name(text.substr(text.rfind('@') + 1));
}

bool is_scanner_url(std::string_view text) {
  for (const std::string_view begin : {"http://", "https://"}) {
    if (!text.starts_with(begin)) continue;
    text.remove_prefix(begin.size());
    return is_relay_address(text.ends_with('/') ? text.substr(0, text.size() - 1) : text);
  }
  return false;
}

bool is_scanner_address(std::string_view text) {
  return text.starts_with('/') ? is_printable(text) && text.size() > 1 : is_relay_address(text);
}

bool is_field_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && consists_of(text, alphanumerics, "-_");
}

template <std::size_t count>
bool is_one_of(std::string_view text, const std::array<std::string_view, count>& words) {
  return std::ranges::find(words, text) != words.end();
}

bool is_recipient_class(std::string_view text) {
  return is_one_of<6>(text, {"GENUINE", "REPAIRABLE", "PREFIX", "LISTED", "LOCAL", "UNKNOWN"});
}

bool is_auth_result(std::string_view text) {
  return is_one_of<8>(text,
                      {"none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror"});
}

bool is_virus_result(std::string_view text) {
  return is_one_of<3>(text, {"clean", "found", "unscanned"});
}

bool is_message_kind(std::string_view text) {
  return is_one_of<6>(
      text, {"ordinary", "bounce", "auto-reply", "out-of-office", "delivery-report", "disposition"});
}

}  // namespace

const Shape recipient_address{.name = "an address", .rule = "LOCAL@DOMAIN", .holds = &is_recipient_address};
const Shape scanner_url{.name = "the address of a scanner",
                        .rule = "http://HOST:PORT and https://HOST:PORT",
                        .holds = &is_scanner_url};
const Shape scanner_address{.name = "the address of a scanner",
                            .rule = "the whole path of a socket, HOST:PORT and [IPV6]:PORT",
                            .holds = &is_scanner_address};
const Shape field_name{.name = "the name of a field",
                       .rule = "up to 64 letters, digits, hyphens and underscores",
                       .holds = &is_field_name};
const Shape recipient_class{.name = "a class of recipients",
                            .rule = "GENUINE, REPAIRABLE, PREFIX, LISTED, LOCAL and UNKNOWN",
                            .holds = &is_recipient_class};
const Shape auth_result{.name = "a result",
                        .rule = "none, pass, fail, softfail, policy, neutral, temperror and permerror",
                        .holds = &is_auth_result};
const Shape virus_result{.name = "a result", .rule = "clean, found and unscanned", .holds = &is_virus_result};
const Shape message_kind{
    .name = "a kind of message",
    .rule = "ordinary, bounce, auto-reply, out-of-office, delivery-report and disposition",
    .holds = &is_message_kind};

const Shape recipient_pattern{.name = "a recipient",
                              .rule = "LOCAL@DOMAIN, in which * stands for anything",
                              .holds = &is_recipient_pattern};
const Shape ingress_url{.name = "an address to post to",
                        .rule = "https:// addresses, and http:// ones of this machine",
                        .holds = &is_ingress_url};
const Shape relay_address{
    .name = "a mail server", .rule = "HOST:PORT, ADDRESS:PORT and [IPV6]:PORT", .holds = &is_relay_address};
const Shape variable{.name = "a variable", .rule = "NAME=VALUE", .holds = &is_variable};
const Shape word{.name = "a word", .rule = "words that are not empty", .holds = &is_word};
const Shape server_address{.name = "a server",
                           .rule = "ADDRESS:PORT and [IPV6]:PORT, such as 127.0.0.1:53",
                           .holds = &is_server_address};
const Shape door_entry{.name = "an entry",
                       .rule =
                           "192.0.2.1, 192.0.2.0/24, 2001:db8::/32, a@b.example, @b.example, <>, "
                           "mail.b.example and .b.example",
                       .holds = &is_door_entry};
const Shape list_answer{.name = "an answer",
                        .rule = "four numbers with dots between, * for any, such as 127.0.0.2 and 127.0.0.*",
                        .holds = &is_list_answer};
const Shape exit_code{
    .name = "an exit code", .rule = "numbers from 1 to 255, as strings", .holds = &is_exit_code};

const Shape domain_name{.name = "a domain name",
                        .rule = "letters, digits and hyphens between dots, other scripts in their xn-- form",
                        .holds = &is_domain_name};
const Shape listen_address{.name = "a listen address",
                           .rule = "ADDRESS:PORT and [IPV6]:PORT, port 0 for any free one",
                           .holds = &is_listen_address};
const Shape network{.name = "a network",
                    .rule = "ADDRESS/BITS with the bits after the first BITS zero, such as 192.0.2.0/24",
                    .holds = &is_network};
const Shape maildrop_name{.name = "a maildrop name",
                          .rule = "1 to 64 letters, digits, dots, underscores and hyphens, no dot in front",
                          .holds = &is_maildrop_name};
const Shape prefix{.name = "the beginning of an address",
                   .rule = "up to 64 of the characters that stand before an @ without quotes",
                   .holds = &is_prefix};
const Shape password_hash{.name = "a crypt(3) hash",
                          .rule = "hashes that begin with $, as mkpasswd prints them",
                          .holds = &is_password_hash};

const Shape repository{
    .name = "a repository",
    .rule = "whole paths and what begins with s3:, rest:, sftp:, b2:, gs:, azure:, swift: or rclone:",
    .holds = &is_repository};
const Shape program{
    .name = "a program", .rule = "names without a slash, and whole paths", .holds = &is_program};

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!host.starts_with('[')) return make_endpoint(AF_INET, host, port);
  if (!host.ends_with(']')) return std::nullopt;
  return make_endpoint(AF_INET6, host.substr(1, host.size() - 2), port);
}

}  // namespace guichet::conf
