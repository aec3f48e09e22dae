// Where octets may be cut so that no line is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace guichet::net {

// How many of the octets, at most `octets_max`, are whole lines; of a line that is longer than that, as many
// as may be.
[[nodiscard]] inline std::size_t line_cut(std::string_view octets, std::size_t octets_max) {
  const auto whole = octets.substr(0, std::min(octets.size(), octets_max));
  const auto line_end = whole.rfind('\n');
  return line_end == std::string_view::npos ? whole.size() : line_end + 1;
}

}  // namespace guichet::net
