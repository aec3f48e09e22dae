// Erasing a message for good (GDPR article 17), while the archive stays provable.
//
// What goes: the octets of the message, and every fact that names somebody (envelope, addresses, prefix).
// What stays: id, digest, size, times, and why. In the volumes the blocks are overwritten with spaces, so
// framing and chain hold, and `verify` takes a blank block for sound when an `erased` fact says so. In the
// index the rows are emptied.
//
// Octets are stored once, however often they came. They go with the last message that has them: until then
// they stay, and the report says because of whom.
//
// In this order, so that a power cut at any point leaves something that the next start finishes: the journal
// (erasure_journal.h), the fact, the index, the blocks, the mark in the journal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/store.h"
#include "store/types.h"

namespace guichet::store {

struct ErasureOrder {
  std::vector<MessageId> messages;
  Instant at;
  std::string by;
  std::string reason;
};

struct ErasureReport {
  std::vector<MessageId> erased;
  std::vector<MessageId> not_there;  // no such message, or it was erased before
  std::vector<MessageId> held;       // until they are released, nothing is done to these
  struct Shared {
    MessageId message;
    std::vector<MessageId> with;  // these have the same octets and are not erased
  };
  std::vector<Shared> octets_kept;
  std::uint64_t blocks = 0, octets = 0;  // overwritten
};

// What erase() would do; changes nothing. `blocks` and `octets` are not counted.
[[nodiscard]] Result<ErasureReport> plan_erasure(Store& store, const ErasureOrder& order);

// Durable when it returns. An error may leave it half done: it is finished at the next start. Blocks, for
// seconds in a large archive: every record's header is read. One at a time.
[[nodiscard]] Result<ErasureReport> erase(Store& store, const ErasureOrder& order);

// What the journal holds and is not marked as done: after a crash, or after a restore of an older state.
[[nodiscard]] Result<void> finish_erasures(Store& store);

}  // namespace guichet::store
