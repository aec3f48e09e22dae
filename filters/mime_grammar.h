// The grammar of structured MIME fields: a value with parameters (RFC 2045 5.1, RFC 2183 2), parameters in
// pieces and with a charset (RFC 2231 3 and 4), and what senders make of it.
//
// mimetic was looked at for this and is used nowhere in the inventory: it knows neither RFC 2231 nor RFC
// 2047, cuts a quoted "a;b.pdf" at its semicolon, takes a comment for a part of the type, keeps the backslash
// of a quoted pair, and threw on 4,418 of 900,000 random fields of up to 40 octets; its decoder of base64
// reads out of bounds, its walk is recursive and copies bodies. Each would have to be done again around it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::filters {

inline constexpr std::size_t parameters_max = 100;
inline constexpr std::size_t name_octets_max = 1000;  // of a decoded parameter

struct Parameter {
  std::string name;   // lower case, with the marks of RFC 2231: "filename*0*"
  std::string value;  // without quotes; octets
};

struct StructuredField {
  std::string value;  // "application/pdf", "attachment": lower case, without white space and comments
  std::vector<Parameter> parameters;
  bool too_many = false;  // more than parameters_max: only the first ones are here

  // The exact octets of a plain parameter, or of one in pieces (RFC 2231); "" where there is none.
  [[nodiscard]] std::string octets(std::string_view name) const;
  // Decoded to UTF-8 on one line: RFC 2231, else encoded words and raw octets, against RFC 2047 5 (3) but
  // common. One with RFC 2231's marks goes before a plain one of the same name.
  [[nodiscard]] std::string text(std::string_view name) const;
};

// Linear in the field's size. Never fails: what follows no grammar is left out.
[[nodiscard]] StructuredField parse_structured(std::string_view field_value);

// The first word of a field, lower case: of Content-Transfer-Encoding, Precedence, Auto-Submitted.
[[nodiscard]] std::string first_token(std::string_view field_value);

[[nodiscard]] int hex_digit(char c);  // -1: it is none

}  // namespace guichet::filters
