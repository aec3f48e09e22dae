// What happens before anything else at start: the last volume is sealed, whatever a crash left of it.
#pragma once

#include "store/archive.h"
#include "store/error.h"
#include "store/seams.h"
#include "store/volume.h"

namespace guichet::store {

// Whether the folder is a store of this release; for readers, touches nothing. absent: no store is there;
// foreign: its format is another, or the folder is a restore that has not come to its end.
[[nodiscard]] Result<void> check_folder(Disk& disk, const std::filesystem::path& store);

// Makes the folder, durably, unless what is there already is no store of this release: then nothing is
// touched, not even by the lock.
[[nodiscard]] Result<void> make_folder(Disk& disk, const std::filesystem::path& store);

// Makes an empty store of an empty folder; refuses one whose format is another, and a folder that holds
// something else, touching nothing.
[[nodiscard]] Result<void> prepare_folder(Disk& disk, const std::filesystem::path& store);

// Removes spool files: their messages were never acknowledged.
[[nodiscard]] Result<void> sweep_spool(Disk& disk, const std::filesystem::path& store);

// Seals the last volume of the store's own and returns the tip; history is sealed already.
//
// A last batch of an unsealed volume that is not whole is a torn tail: it was never acknowledged, so the
// volume is truncated before it (what is cut off, unless zero, is first saved beside it as <volume>.torn). A
// flaw in an earlier batch is damage to what was acknowledged: nothing is cut, the alarm is raised, and
// verify will name it. A last batch that is whole is kept, acknowledged or not, and made durable before
// anything relies on it.
[[nodiscard]] Result<Tip> seal_last_volume(const Archive& archive, const Alarm& alarm);

}  // namespace guichet::store
