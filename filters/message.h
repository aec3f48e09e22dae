// A message as all filters see it: one splitting into header fields and body, so that no filter takes for a
// header what another takes for a body (that difference has let forged fields through elsewhere).
//
// The rule is that of the served form (store/served_form.h): a line ends at an LF with up to 64 CRs before
// it, or at a CR alone; the header ends at the first empty line, or before the first line that is neither a
// field nor a continuation; "From …" lines of an mbox in front of the first field are skipped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::filters {

struct HeaderField {
  std::string_view name;   // without white space before the colon
  std::string_view value;  // all after the colon, folding included, without the last line end
  std::string_view whole;  // the field from its first octet, without the last line end
};

// Views into the octets that were split, which must outlive it.
struct Message {
  std::vector<HeaderField> fields;  // in their order; of a header that is too large the first ones
  std::string_view header;          // what the fields are in, whole
  std::string_view body;            // after the empty line
  bool header_too_large =
      false;  // more than header_octets_max: only whole fields before that are in `fields`

  [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const;  // in any case
};

inline constexpr std::size_t header_octets_max = 256 * 1024;  // what is parsed of a header
inline constexpr std::size_t field_octets_max = 64 * 1024;    // a longer field is left out of `fields`

inline constexpr std::size_t line_end_returns_max = 64;  // CRs before an LF that belong to one line end
// How many octets of line end begin at `at`, which is a CR or an LF.
[[nodiscard]] std::size_t line_end_octets(std::string_view octets, std::size_t at);

// Linear in the size of the header; the body is not looked at.
[[nodiscard]] Message split(std::string_view octets);

// A field's value on one line: line ends and the white space after them become one space; trimmed.
[[nodiscard]] std::string unfolded(std::string_view value);

}  // namespace guichet::filters
