// Overwriting blocks with spaces: what erasing does to the volumes. Headers stay as they are, so framing,
// offsets and the chain hold; only the block no longer is what its digest says.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "store/archive.h"
#include "store/error.h"
#include "store/ledger.h"

namespace guichet::store {

struct Block {
  Place begin;
  std::uint64_t octets = 0;
};

struct ErasedRecords {
  std::unordered_set<Uuid, UuidHash> messages;  // all facts about these but erasures and holds
  std::unordered_set<Uuid, UuidHash> bodies;    // the octets of these resource records
};

// In all volumes. Reads every header: the index knows neither hand-overs nor earlier copies of the same
// octets. A record whose header is damaged cannot be found; `verify` names it.
[[nodiscard]] Result<std::vector<Block>> find_blocks(const Archive& archive, const ErasedRecords& records);

// Which resource records hold these octets, in full, blank or not.
[[nodiscard]] Result<std::unordered_map<Digest, std::vector<Uuid>>> records_of(
    const Archive& archive, const std::unordered_set<Digest>& digests);

// Whether some fact about the message has been overwritten.
[[nodiscard]] Result<bool> has_blank_records(const Archive& archive, const MessageId& message);

// Durable when it returns. A sealed volume is read-only again afterwards.
[[nodiscard]] Result<void> blank_out(const Archive& archive, const std::vector<Block>& blocks);

}  // namespace guichet::store
