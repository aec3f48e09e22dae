// Hexadecimal digits, lower case only: one text for each value, so that texts can be compared as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace guichet::store {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

// -1 for what is no digit.
[[nodiscard]] constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

inline char* write_hex(char* out, std::span<const std::uint8_t> octets) {
  for (const std::uint8_t octet : octets) {
    *out++ = hex_digits[octet >> 4];
    *out++ = hex_digits[octet & 15];
  }
  return out;
}

// Fills `out` from exactly twice as many digits.
[[nodiscard]] inline bool read_hex(std::string_view digits, std::span<std::uint8_t> out) {
  if (digits.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(digits[2 * i]);
    const int low = hex_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace guichet::store
