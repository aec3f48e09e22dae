// How much there is, how fast it grows, and how long the disk will do.
#pragma once

#include <cstdint>
#include <optional>

#include "store/archive.h"
#include "store/error.h"

namespace guichet::store {

struct Growth {
  std::uint64_t volumes = 0, octets = 0;
  std::uint64_t free_octets = 0, total_octets = 0;  // of the file system
  std::optional<std::uint64_t> octets_per_day;      // of the last weeks; unset: too early to tell
  // Until intake stops at the reserve, if it goes on like that; unset: no growth, or too early to tell.
  std::optional<std::uint64_t> days_left;
};

// Reads the beginning of each volume. The reserve (room.h) does not count as free.
[[nodiscard]] Result<Growth> measure_growth(const Archive& archive, unsigned reserve_percent, Instant now);

}  // namespace guichet::store
