#include "popd/sasl_plain.h"

#include <cstddef>
#include <cstdint>

namespace guichet::popd {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::size_t padding_of(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

// Six bits for each character; nullopt for one outside the alphabet, '=' among them.
std::optional<std::uint32_t> bits_of(std::string_view characters) {
  std::uint32_t bits = 0;
  for (const char c : characters) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
  }
  return bits;
}

// Appends the octets of one group of four characters less its padding; false when it is malformed.
bool decode_group(std::string_view characters, std::string& out) {
  const auto bits = bits_of(characters);
  if (!bits) return false;
  const std::size_t octets = characters.size() - 1;
  const std::size_t spare_bits = characters.size() * 6 - octets * 8;
  // RFC 4648 section 3.5: bits that belong to no octet are zero, or two texts would mean one password.
  if ((*bits & ((1U << spare_bits) - 1U)) != 0) return false;
  for (std::size_t i = octets; i > 0; --i) {
    out += static_cast<char>(*bits >> (spare_bits + (i - 1) * 8) & 0xFFU);
  }
  return true;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  // RFC 4648 section 3.2: padding is always there.
  if (text.size() % 4 != 0) return std::nullopt;
  text.remove_suffix(padding_of(text));
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    if (!decode_group(text.substr(at, 4), out)) return std::nullopt;
  }
  return out;
}

std::optional<PlainCredentials> decode_plain(std::string_view base64) {
  const auto message = decode_base64(base64);
  if (!message) return std::nullopt;
  // RFC 4616 section 2: message = [authzid] NUL authcid NUL passwd, none of them holding NUL.
  const std::size_t first = message->find('\0');
  const std::size_t second = first == std::string::npos ? first : message->find('\0', first + 1);
  if (second == std::string::npos || message->find('\0', second + 1) != std::string::npos)
    return std::nullopt;

  const std::string acting_for = message->substr(0, first);
  PlainCredentials credentials{message->substr(first + 1, second - first - 1), message->substr(second + 1)};
  if (!acting_for.empty() && acting_for != credentials.user) return std::nullopt;
  // RFC 4616 section 2: authcid and passwd have at least one octet.
  if (credentials.user.empty() || credentials.password.empty()) return std::nullopt;
  return credentials;
}

}  // namespace guichet::popd
