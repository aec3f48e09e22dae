// Times as people and other programs write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/error.h"
#include "store/types.h"

namespace guichet::cli {

// RFC 3339 with any offset and any number of fractional digits, or "YYYY-MM-DD[ HH:MM[:SS]]", which is UTC.
[[nodiscard]] std::optional<store::Instant> parse_moment(std::string_view text);
// The same, with an error in words: absent.
[[nodiscard]] store::Result<store::Instant> moment_of(const std::string& text);

// "YYYY-MM-DDTHH:MM:SSZ", as a line for a person has room for it.
[[nodiscard]] std::string to_seconds(store::Instant at);

}  // namespace guichet::cli
