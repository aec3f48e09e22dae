// Times as people write them on a command line.
#pragma once

#include <optional>
#include <string_view>

#include "store/types.h"

namespace guichet::cli {

// "2026-11-22T18:54:00.123456Z", or "2026-11-22 18:54", "2026-11-22 18:54:30", "2026-11-22"; always UTC.
[[nodiscard]] std::optional<store::Instant> parse_time(std::string_view text);

}  // namespace guichet::cli
