// Hexadecimal digits, lower case only: one text for each value, so that texts can be compared as they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace guichet::store {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

// By octet; 255 for what is no digit. A table: catching up reads five ids and digests of each message.
inline constexpr auto hex_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(255);
  for (std::uint8_t value = 0; value < 16; ++value)
    values[static_cast<std::uint8_t>(hex_digits[value])] = value;
  return values;
}();

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
  unsigned seen = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned high = hex_values[static_cast<std::uint8_t>(digits[2 * i])];
    const unsigned low = hex_values[static_cast<std::uint8_t>(digits[2 * i + 1])];
    seen |= high | low;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return seen < 16;
}

}  // namespace guichet::store
