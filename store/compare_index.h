// Whether the index says the same as the volumes. Part of verify.
#pragma once

#include <functional>

#include "store/archive.h"
#include "store/finding.h"
#include "store/ledger.h"

namespace guichet::store {

// Compares the index, held still for that long, with the ledger as of the place where the index ends.
// `read_on` brings the ledger up to the present end of the volumes; it is called once the index is held, so
// that the ledger has all that the index has, and returns that end.
void compare_index(const Archive& archive, const Ledger& ledger, const std::function<Place()>& read_on,
                   Findings& findings);

// For a part of the volumes: whether each thing in the ledger is in the index as the volumes have it.
void compare_read_part(const Archive& archive, const Ledger& ledger, Findings& findings);

}  // namespace guichet::store
