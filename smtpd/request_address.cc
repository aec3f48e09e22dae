#include "smtpd/request_address.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace guichet::smtpd {
namespace {

bool word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view take_word(std::string_view& text) {
  const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), word) - text.begin());
  const auto taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

// Ruby's Integer(): 0x is hexadecimal, 0b binary, 0d decimal, 0o and a bare 0 octal. Alaveteli looks ids up
// that way.
int take_base(std::string_view& text) {
  if (text.size() < 2 || text.front() != '0') return 10;
  const char mark = text[1];
  const bool named = mark == 'x' || mark == 'b' || mark == 'd' || mark == 'o';
  text.remove_prefix(named ? 2 : 1);
  return mark == 'x' ? 16 : mark == 'b' ? 2 : mark == 'd' ? 10 : 8;
}

std::optional<std::uint64_t> ruby_integer(std::string_view text) {
  const int base = take_base(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Parts {
  std::string id, hash;
};

// The first match of /request-(?:bounce-)?([a-z0-9]+)-([a-z0-9]+)/.
std::optional<Parts> find_parts(std::string_view address) {
  constexpr std::string_view start = "request-", bounce = "bounce-";
  for (auto at = address.find(start); at != std::string_view::npos; at = address.find(start, at + 1)) {
    auto rest = address.substr(at + start.size());
    if (rest.starts_with(bounce)) rest.remove_prefix(bounce.size());
    const auto id = take_word(rest);
    if (id.empty() || !rest.starts_with('-')) continue;
    rest.remove_prefix(1);
    const auto hash = take_word(rest);
    if (!hash.empty()) return Parts{std::string(id), std::string(hash)};
  }
  return std::nullopt;
}

}  // namespace

std::string request_hash(std::uint64_t id, std::string_view secret) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto text = std::to_string(id).append(secret);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  std::string out;
  for (int i = 0; i < 4; ++i)
    out.append(1, digits[digest[i] >> 4]).append(1, digits[digest[i] & 15]);
  return out;
}

std::optional<std::uint64_t> exact_request(std::string_view address, std::string_view secret) {
  auto parts = find_parts(lower(address));
  if (!parts) return std::nullopt;
  std::replace(parts->hash.begin(), parts->hash.end(), 'l', '1');
  std::replace(parts->hash.begin(), parts->hash.end(), 'o', '0');
  const auto id = ruby_integer(parts->id);
  if (!id) return std::nullopt;
  const auto wanted = request_hash(*id, secret);
  const bool same = parts->hash.size() == wanted.size() &&
                    CRYPTO_memcmp(parts->hash.data(), wanted.data(), wanted.size()) == 0;
  return same ? id : std::nullopt;
}

}  // namespace guichet::smtpd
