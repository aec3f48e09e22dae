// `guichet verify`: reads every octet of the store and says exactly what is wrong and where.
#pragma once

#include <cstdint>
#include <functional>

#include "store/archive.h"
#include "store/error.h"
#include "store/finding.h"

namespace guichet::store {

struct VerifyReport {
  Findings findings;
  std::uint64_t volumes = 0, records = 0, messages = 0, bodies = 0, deliveries = 0, handed_over = 0,
                octets = 0;
  [[nodiscard]] bool damaged() const;
};

struct VerifyOptions {
  std::function<void(std::uint64_t done_octets, std::uint64_t total_octets)> progress = nullptr;
};

// Checks each record's framing, chain and digests; that volumes follow one another without a gap (each
// warcinfo names the previous volume, its length and last chain value); that every fact refers to what exists
// (delivery → message, handed over → delivery, revisit → an earlier equal body, message → body); that served
// sizes equal what the served form gives (for each delivery: transform, count); and that the index says the
// same as the volumes.
//
// Works beside a running gateway: the active volume is read up to its last whole record, what seems torn
// there is looked at a second time before it is even a note, and an index that is behind is a note; it is
// compared with the volumes as they were where it ends. An index that is ahead of the volumes is damage: it
// only ever tells of what was durable. Memory: about 100 octets for each body, 100 for each message and 150
// for each delivery; nothing grows with the size of messages. Errors are returned only when the store cannot
// be read at all.
[[nodiscard]] Result<VerifyReport> verify(const Archive& archive, const VerifyOptions& options);

}  // namespace guichet::store
