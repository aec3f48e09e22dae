// What has been verified when, and what was found: scrub/state.json in the store's folder. It only spares
// work and reminds of damage; without it everything is verified again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/finding.h"
#include "store/types.h"

namespace guichet::store {

struct DatedFinding {
  Finding finding;
  Instant found;  // for the first time
  friend bool operator==(const DatedFinding&, const DatedFinding&) = default;
};

struct VolumeState {
  std::uint64_t octets = 0;
  std::uint64_t last_record = 0;  // offset; what tells whether the volume is still the same at its end
  Digest chain;                   // of that record
  Instant verified;
  bool sealed = false;  // it will not grow any more
  std::vector<DatedFinding> damage;
  [[nodiscard]] bool sound() const { return damage.empty(); }
  friend bool operator==(const VolumeState&, const VolumeState&) = default;
};

// A run of `guichet verify` from its beginning to its end.
struct VerifyRun {
  Instant begun;
  bool whole = false;            // every volume was to be read, so one that was interrupted can be resumed
  std::optional<Instant> ended;  // none: it runs, or was interrupted
  std::uint64_t octets = 0;      // read
  Findings findings;
  friend bool operator==(const VerifyRun&, const VerifyRun&) = default;
};

struct ScrubState {
  std::map<std::uint32_t, VolumeState> volumes;
  std::optional<VerifyRun> unfinished, last;
  friend bool operator==(const ScrubState&, const ScrubState&) = default;
};

[[nodiscard]] std::filesystem::path scrub_folder(const std::filesystem::path& store);

// Empty when there is none, or none that can be read.
[[nodiscard]] ScrubState read_scrub_state(Disk& disk, const std::filesystem::path& store);

// Reads, changes and writes it, so that a power cut leaves the old or the new one. A lock of its own keeps
// `guichet verify` and the gateway's scrub from undoing one another; busy after a second of waiting for it.
[[nodiscard]] Result<void> change_scrub_state(Disk& disk, const std::filesystem::path& store,
                                              const std::function<void(ScrubState&)>& change);

// Puts a new state of a volume in; damage that was known keeps its date.
void put(ScrubState& state, std::uint32_t volume, VolumeState fresh);

}  // namespace guichet::store
