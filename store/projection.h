// From records to news for the index: one function, used live, at catch-up and at rebuild, so that all three
// give the same index.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "store/archive.h"
#include "store/error.h"
#include "store/index.h"
#include "store/scan.h"
#include "store/seams.h"

namespace guichet::store {

// Sees news before the index does, a body always together with the facts that came with it, and may add some.
using Inspect = std::function<void(std::vector<News>& news)>;

// nullopt: the record is no news (warcinfo, revisit).
[[nodiscard]] Result<std::optional<News>> news_of(const ScannedRecord& record);

// An index may outlive its volumes (a restore, a power cut with a disk that lied): whether its position is
// the end of a record that is there, with the chain value that it says.
[[nodiscard]] Result<bool> position_is_ours(const Archive& archive, const IndexPosition& position);

// Brings the index from its position up to `until` (or to the end of all volumes of the store's own), in
// batches, then takes in what is there of other lineages. Damaged records are skipped with an alarm, a fact
// of a later release too; so is a volume of another lineage that cannot be read at all, until the next time.
// foreign: the index is of other volumes than these (its position is not theirs, or it has volumes that are
// not there); the caller rebuilds. `inspect` sees what follows the position that the index has; of an index
// that has none, nothing.
[[nodiscard]] Result<void> catch_up(Index& index, const Archive& archive, Place until, const Alarm& alarm,
                                    const Inspect& inspect = nullptr);

// Empties the index and fills it again from the volumes, in one transaction.
[[nodiscard]] Result<void> rebuild(Index& index, const Archive& archive, Place until, const Alarm& alarm);

// One more volume of another lineage (store/lineage.h): in the order of their numbers, whole, in one
// transaction. Returns how many are left after it.
[[nodiscard]] Result<std::size_t> take_in_merged(Index& index, const Archive& archive, const Alarm& alarm);

// Volumes of other lineages that are not in the index yet, by number.
[[nodiscard]] Result<std::vector<std::uint32_t>> merged_to_take_in(IndexReader& index,
                                                                   const Archive& archive);

inline constexpr Place everything{UINT32_MAX, UINT64_MAX};

}  // namespace guichet::store
