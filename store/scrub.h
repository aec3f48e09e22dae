// Verifying part of a store now and the rest another time: what `guichet verify` and the gateway's weekly
// scrub have in common. What was verified when is kept in scrub_state.h.
#pragma once

#include <optional>

#include "store/scrub_state.h"
#include "store/seams.h"
#include "store/verify.h"

namespace guichet::store {

enum class Extent {
  all,
  unverified,  // sealed volumes are left out that were sound when they were read and have not changed since
  resumed,     // the same, if they were read since the run began that was interrupted; else all
};

struct ScrubOptions {
  std::function<void(std::uint64_t done_octets, std::uint64_t total_octets)> progress = nullptr;
  std::stop_token stop = {};
  bool forget_behind = false;
  // The state could not be kept: the store is verified all the same.
  Alarm alarm = [](const std::string&) {};
};

// verify(), and keeps what it finds volume by volume, so that it can be interrupted at any time. A sealed
// volume that was verified once and is not there any more is damage.
[[nodiscard]] Result<VerifyReport> verify_and_keep(const Archive& archive, Clock& clock, Extent extent,
                                                   const ScrubOptions& options);

// Which volume the scrub reads next: never verified, or longest ago, and then at least `interval_us`; the
// volume that is being written among them. Nothing: none is due.
[[nodiscard]] std::optional<std::uint32_t> due_volume(const std::vector<VolumeName>& volumes,
                                                      const ScrubState& state, Instant now,
                                                      std::int64_t interval_us);

// Reads one volume and keeps what was found. absent: the index is behind, there is nothing to look references
// up in; later.
[[nodiscard]] Result<VerifyReport> scrub_volume(const Archive& archive, Clock& clock, std::uint32_t volume,
                                                const ScrubOptions& options);

// Whether a sealed volume is still what it was when it was verified, as far as its length and its last record
// tell.
[[nodiscard]] bool is_unchanged(const Archive& archive, std::uint32_t volume, const VolumeState& state);

}  // namespace guichet::store
