// What can be had back of what verify found damaged, from where, and doing it.
//
// The unit of repair is a volume: it is fetched from another copy, proven to be the same volume, and put in
// the place of the damaged one, which stays beside it as NNNNNNNN.warc.damaged. What is sound here is never
// given up for it: the sound records of the damaged volume must be in the new one, octet for octet. What was
// erased here stays erased: blocks that are blank here are blanked in the copy before it is compared, and
// what the journal of erasures holds is done again by the next Store::open().
#pragma once

#include <set>
#include <string>
#include <vector>

#include "store/archive.h"
#include "store/seams.h"
#include "store/verify.h"
#include "store/volume_source.h"

namespace guichet::store {

struct Remedy {
  Finding damage;
  std::string what;  // can be had back, and how: one line for an operator
};

struct RepairPlan {
  std::vector<Remedy> remedies;
  std::vector<std::uint32_t> volumes;  // that need another copy, in order
  bool index = false;                  // the index needs to be made anew
  bool in_hand = true;                 // nothing was found that a repair cannot see to
};

// Of what verify() found. Changes nothing. Bodies of which another sound record is in the store are found
// through the index.
[[nodiscard]] RepairPlan plan_repair(const Archive& archive, const VerifyReport& report);

// Under the store's lock, with no writer at work. On an error the volume is as it was.
//
// The fetched volume must be whole: every record sound, chained from the first to the last. It must be ours:
// as far as they are sound here, the volume's warcinfo id, its records, the volume before it (whose length
// and chain it names) and the one after it (which names its) say so, and at least one of them does. When the
// copy holds only the beginning, the rest is taken from here.
//
// A blank block is one that was erased here, unless its record is at one of the places in `not_erased`: that
// is what verify says of blank blocks which no erasure accounts for.
[[nodiscard]] Result<void> restore_volume(const Archive& archive, std::uint32_t volume, VolumeSource& source,
                                          const std::set<Place>& not_erased = {});

// Each of the plan; those that could not be proven again once others are restored, which may prove them.
struct Restored {
  std::uint32_t volume = 0;
  Result<void> done;
};
[[nodiscard]] std::vector<Restored> restore_volumes(const Archive& archive, const RepairPlan& plan,
                                                    VolumeSource& source);

}  // namespace guichet::store
