// Finding line ends fast. A message is mostly body, and almost every body has nothing but CRLF: that case
// costs about a pass over memory.
#pragma once

#include <cstddef>
#include <string_view>

namespace guichet::store {

// Octets at the front that are neither CR nor LF.
[[nodiscard]] std::size_t line_octets(std::string_view text);

// Octets at the front in which CR and LF occur as CRLF only. What follows them, if anything, is a CR or LF
// that stands alone, or a CR at the very end that may yet be followed by its LF. Precondition: the octet
// before `text`, if any, was not a CR.
[[nodiscard]] std::size_t clean_octets(std::string_view text);

}  // namespace guichet::store
