// Octets as ASCII, without the locale: SMTP is case-insensitive in ASCII only (RFC 5321 2.4), and a Cyrillic
// letter must never be folded into a Latin one.
#pragma once

#include <algorithm>
#include <string_view>

namespace guichet::smtpd {

inline constexpr std::string_view kBlanks = " \t";

constexpr char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool ascii_letter(char c) {
  return ascii_upper(c) >= 'A' && ascii_upper(c) <= 'Z';
}

constexpr bool ascii_control(char c) {
  return (c >= 0 && c < ' ') || c == '\x7f';
}

constexpr bool ascii_iequals(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_upper(x) == ascii_upper(y); });
}

constexpr std::string_view skip_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// The text up to the first blank; the whole of it if there is none.
constexpr std::string_view first_word(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(kBlanks), text.size()));
}

}  // namespace guichet::smtpd
