#include "cli/time_text.h"

#include <string>

namespace guichet::cli {

// Whatever is left out is filled in from the right end of this.
std::optional<store::Instant> parse_time(std::string_view text) {
  constexpr std::string_view midnight = "0000-00-00T00:00:00.000000Z";
  constexpr std::size_t date = 10, minutes = 16, seconds = 19;
  if (text.ends_with('Z')) text.remove_suffix(1);
  const bool whole = text.size() == date || text.size() == minutes || text.size() == seconds ||
                     text.size() + 1 == midnight.size();
  if (!whole) return std::nullopt;
  auto full = std::string(text).append(midnight.substr(text.size()));
  if (full[date] == ' ') full[date] = 'T';
  return store::Instant::from_rfc3339(full);
}

}  // namespace guichet::cli
