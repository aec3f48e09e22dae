// Ends of lines inside a body, by the rule of filters/message.h: an LF with up to 64 CRs before it, or a CR
// alone, so that a boundary is seen where whoever gets the served form sees it.
#pragma once

#include <cstddef>
#include <string_view>

namespace guichet::filters {

// Where the line ends that the line end before `end` belongs to; not before `begin`.
[[nodiscard]] std::size_t before_line_end(std::string_view octets, std::size_t begin, std::size_t end);

// The beginning of the first line at or after `from` that begins with "--"; octets.size(): there is none.
[[nodiscard]] std::size_t next_dashes(std::string_view octets, std::size_t from);

}  // namespace guichet::filters
