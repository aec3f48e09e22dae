#include "filters/mime_lines.h"

#include <algorithm>

#include "filters/ascii.h"
#include "filters/message.h"

namespace guichet::filters {
std::size_t before_line_end(std::string_view octets, std::size_t begin, std::size_t end) {
  if (end <= begin || !is_line_end(octets[end - 1])) return std::max(begin, end);
  if (octets[--end] == '\r') return end;
  for (std::size_t returns = 0; returns < line_end_returns_max && end > begin && octets[end - 1] == '\r';
       ++returns)
    --end;
  return end;
}

// Dashes are rare in base64, and memchr takes many octets at a time.
std::size_t next_dashes(std::string_view octets, std::size_t from) {
  for (auto at = octets.find('-', from); at != std::string_view::npos; at = octets.find('-', at)) {
    const bool begins_line = at == 0 || is_line_end(octets[at - 1]);
    if (begins_line && octets.substr(at, 2) == "--") return at;
    at = octets.find_first_not_of('-', at);
  }
  return octets.size();
}

}  // namespace guichet::filters
