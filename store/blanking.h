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

// Who has these octets: the resource records that hold them in full, blank or not, and the messages that they
// were received as.
struct Holders {
  std::vector<Uuid> records;
  std::vector<MessageId> messages;
};
[[nodiscard]] Result<std::unordered_map<Digest, Holders>> holders_of(
    const Archive& archive, const std::unordered_set<Digest>& digests);

// Those messages of which some fact has been overwritten.
[[nodiscard]] Result<std::unordered_set<Uuid, UuidHash>> blank_among(
    const Archive& archive, const std::unordered_set<Uuid, UuidHash>& messages);

// Durable when it returns. A sealed volume is read-only again afterwards.
[[nodiscard]] Result<void> blank_out(const Archive& archive, const std::vector<Block>& blocks);

}  // namespace guichet::store
