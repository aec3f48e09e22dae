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
#include <functional>
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
  // Asked of each message's deliveries when nothing can change them any more: whether it is still to go.
  std::function<bool(const std::vector<DeliveryRow>&)> still = nullptr;
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
  // Files beside the volumes that may still hold some of it, and are the operator's to remove: what a repair
  // replaced. What a crash cut off, and an index that was set aside, goes with the message.
  std::vector<std::string> left_in;
};

// What erase() would do; changes nothing. `blocks` and `octets` are not counted.
[[nodiscard]] Result<ErasureReport> plan_erasure(Store& store, const ErasureOrder& order);

// Durable when it returns. An error may leave it half done: it is finished by the next one, or the next
// start. Blocks, for seconds in a large archive: every record's header is read. One at a time. busy: history
// is being brought in (lineage.h), and may need the octets.
[[nodiscard]] Result<ErasureReport> erase(Store& store, const ErasureOrder& order);

// What the journal holds and is not marked as done: after a crash, or after a restore of an older state.
[[nodiscard]] Result<void> finish_erasures(Store& store);

// Erasures of another store whose history came in (lineage.h): kept in the journal here too, so that restores
// of this store do them as well.
[[nodiscard]] Result<void> take_in_erasures(Store& store, const std::vector<Erased>& erasures);

}  // namespace guichet::store
