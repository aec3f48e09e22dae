// Letters and blanks of US-ASCII. The C library's own are of a locale, and strangers send octets, not text.
#pragma once

#include <string>
#include <string_view>

namespace guichet::filters {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    c = lower(c);
  return lowered;
}

[[nodiscard]] constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

[[nodiscard]] constexpr bool is_line_end(char c) {
  return c == '\r' || c == '\n';
}

// Without blanks and line ends at both ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (is_blank(text.front()) || is_line_end(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || is_line_end(text.back())))
    text.remove_suffix(1);
  return text;
}

}  // namespace guichet::filters
