// Whether a copy says the same as the store it is of, as far as the copy goes.
#pragma once

#include "store/archive.h"
#include "store/error.h"
#include "store/finding.h"

namespace guichet::store {

// For each volume of `copy`: the chain value at its end is that of `live` at the same place. The chain runs
// over the headers of all records, and these hold the digests of all blocks: so messages, bodies, uids and
// what was said of them are the same, given that each block of the copy was found to be that of its digest
// (verify). Erased blocks differ in neither. `live` may be written to meanwhile.
[[nodiscard]] Result<Findings> differences(const Archive& copy, const Archive& live);

}  // namespace guichet::store
