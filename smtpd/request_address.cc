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

// Single underscores between digits, after the 0 of an octal one too, are as in Ruby's sources: not there.
std::optional<std::string> without_underscores(std::string_view text, bool after_digit) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out += c;
    if (c == '_' && !after_digit) return std::nullopt;
    after_digit = c != '_';
  }
  return after_digit ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::uint64_t> ruby_integer(std::string_view text) {
  const auto whole = text;
  const int base = take_base(text);
  const auto digits = without_underscores(text, base == 8 && whole.size() - text.size() == 1);
  if (!digits) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number, base);
  if (error != std::errc() || end != digits->data() + digits->size()) return std::nullopt;
  return number;
}

// `l` for 1 and `o` for 0: what people make of a hash that they type from paper.
std::string as_digits(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), 'l', '1');
  std::replace(out.begin(), out.end(), 'o', '0');
  return out;
}

struct Parts {
  std::string_view id, hash;
};

// ([a-z0-9]+)-([a-z0-9]+) at the start. A word is taken whole: a shorter one would not be followed by "-".
std::optional<Parts> two_words(std::string_view text) {
  const auto id = take_word(text);
  if (id.empty() || !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  const auto hash = take_word(text);
  return hash.empty() ? std::nullopt : std::optional(Parts{id, hash});
}

// The first match of /request-(?:bounce-)?([a-z0-9]+)-([a-z0-9]+)/. Where "bounce-" leads nowhere it is tried
// as the first word, as a regexp does.
std::optional<Parts> find_parts(std::string_view address) {
  constexpr std::string_view start = "request-", bounce = "bounce-";
  for (auto at = address.find(start); at != std::string_view::npos; at = address.find(start, at + 1)) {
    const auto rest = address.substr(at + start.size());
    auto parts = rest.starts_with(bounce) ? two_words(rest.substr(bounce.size())) : std::nullopt;
    if (!parts) parts = two_words(rest);
    if (parts) return parts;
  }
  return std::nullopt;
}

constexpr std::size_t hash_octets = 8;

bool wordlike(char c) {
  return word(c) || c == '_';
}

// A match of /request-?(\w+)-?(\w{8})@/ with this "@". Read from its end, so that each octet is looked at
// once: before the hash, and a "-", stands a run of \w, and "request" ends in it or before it.
std::optional<Parts> match_before(std::string_view text, std::size_t at_sign) {
  constexpr std::string_view start = "request";
  if (at_sign < hash_octets) return std::nullopt;
  const auto hash = text.substr(at_sign - hash_octets, hash_octets);
  if (!std::ranges::all_of(hash, wordlike)) return std::nullopt;
  auto end = at_sign - hash_octets;
  if (end > 0 && text[end - 1] == '-') --end;
  auto run = end;
  while (run > 0 && wordlike(text[run - 1]))
    --run;
  const auto before = text.substr(0, end);
  auto at = before.find(start, run - std::min(run, start.size() + 1));
  for (; at != std::string_view::npos; at = before.find(start, at + 1)) {
    const auto id = at + start.size() + (before.substr(at + start.size()).starts_with('-') ? 1 : 0);
    if (run <= id && id < end) return Parts{text.substr(id, end - id), hash};
  }
  return std::nullopt;
}

// The first one: a match with a later "@" begins later.
std::optional<Parts> find_run(std::string_view text) {
  for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1))
    if (const auto match = match_before(text, at)) return match;
  return std::nullopt;
}

// Characters of UTF-8, as Ruby counts them. Empty: there are not so many.
std::string_view last_eight(std::string_view address) {
  const auto local_part = address.substr(0, address.find('@'));
  auto at = local_part.size();
  for (std::size_t left = hash_octets; left > 0; --left) {
    if (at == 0) return {};
    do
      --at;
    while (at > 0 && (static_cast<unsigned char>(local_part[at]) & 0xc0) == 0x80);
  }
  return local_part.substr(at);
}

bool hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
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
  if (secret.empty()) return std::nullopt;
  const auto text = lower(address);
  const auto parts = find_parts(text);
  if (!parts) return std::nullopt;
  const auto id = ruby_integer(parts->id);
  if (!id) return std::nullopt;
  const auto given = as_digits(parts->hash);
  const auto wanted = request_hash(*id, secret);
  const bool same =
      given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
  return same ? id : std::nullopt;
}

bool RequestGuess::promising() const {
  return has_shape || (hash.size() == hash_octets && std::ranges::all_of(hash, hexadecimal));
}

RequestGuess guess_request(std::string_view address) {
  const auto text = lower(address);
  const auto parts = find_parts(text);
  RequestGuess guess;
  guess.has_shape = parts.has_value();
  if (parts) {
    guess.id = ruby_integer(parts->id);
    guess.hash = as_digits(parts->hash);
    if (guess.id) return guess;
  }
  const auto run = find_run(text);
  if (run) guess.id = ruby_integer(as_digits(run->id));
  guess.hash = as_digits(run ? run->hash : last_eight(text));
  return guess;
}

}  // namespace guichet::smtpd
