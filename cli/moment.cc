#include "cli/moment.h"

#include <string>

namespace guichet::cli {
namespace {

using store::Instant;

constexpr std::int64_t second_us = 1'000'000;

bool is_digit(char octet) {
  return octet >= '0' && octet <= '9';
}

// Takes as many characters as the pattern has, in which 0 stands for a digit.
bool take(std::string_view& text, std::string_view pattern, std::string& into) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '0' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  into += text.substr(0, pattern.size());
  text.remove_prefix(pattern.size());
  return true;
}

// ".123456789": what is finer than a microsecond is left out.
std::optional<std::int64_t> take_fraction_us(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t us = 0, unit = second_us / 10;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10)
    us += unit * (text.front() - '0');
  return us;
}

std::optional<std::int64_t> take_offset_us(std::string_view& text) {
  if (text == "Z" || text == "z") return text = {}, 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const std::int64_t sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  std::string digits;
  if (!take(text, "00:00", digits)) return std::nullopt;
  return sign * (std::stoll(digits.substr(0, 2)) * 60 + std::stoll(digits.substr(3))) * 60 * second_us;
}

}  // namespace

std::optional<Instant> parse_moment(std::string_view text) {
  std::string plain;
  if (!take(text, "0000-00-00", plain)) return std::nullopt;
  if (text.empty()) return Instant::from_rfc3339(plain + "T00:00:00Z");
  const bool utc = text.front() == ' ';
  if (!utc && text.front() != 'T' && text.front() != 't') return std::nullopt;
  text.remove_prefix(1);
  plain += 'T';
  if (!take(text, "00:00", plain)) return std::nullopt;
  if (!take(text, ":00", plain)) {
    if (!utc) return std::nullopt;
    plain += ":00";
  }
  const auto fraction = take_fraction_us(text);
  if (!fraction) return std::nullopt;
  const auto offset = utc && text.empty() ? std::optional<std::int64_t>(0) : take_offset_us(text);
  const auto seconds = Instant::from_rfc3339(plain + "Z");
  if (!offset || !seconds || !text.empty()) return std::nullopt;
  return Instant{seconds->unix_us + *fraction - *offset};
}

store::Result<Instant> moment_of(const std::string& text) {
  if (const auto moment = parse_moment(text)) return *moment;
  return store::fail(store::ErrorKind::absent, "no time: " + text + " (2026-11-22 18:54, in UTC)");
}

std::string to_seconds(store::Instant at) {
  constexpr std::size_t up_to_seconds = 19;
  return at.rfc3339().substr(0, up_to_seconds) + "Z";
}

}  // namespace guichet::cli
