// `guichet verify`: reads every octet of the store and says exactly what is wrong and where.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "store/archive.h"
#include "store/books.h"
#include "store/error.h"
#include "store/finding.h"

namespace guichet::store {

struct VerifyReport {
  Findings findings;
  std::uint64_t volumes_left_out = 0;  // by the plan
  std::uint64_t volumes = 0, records = 0, messages = 0, bodies = 0, deliveries = 0, handed_over = 0,
                erased = 0, octets = 0;
  std::optional<Books> books;  // unset: not everything was read
  [[nodiscard]] bool damaged() const;
};

// What is done with a volume.
enum class Attention {
  read,  // every octet of it
  link,  // only what its first record says of the volume before it, and its length
  none,  // not even opened
};

struct VolumePlan {
  Attention attention = Attention::read;
  std::optional<Digest> chain = std::nullopt;  // of its last record, when that is known without reading it
};

// What was found in a volume that was read; or, with damage, in one of which only the end was looked at.
struct VolumeVerdict {
  std::uint32_t number = 0;
  bool read = true;
  bool sealed = false;
  std::uint64_t octets = 0;
  std::uint64_t last_record = 0;  // offset of the last whole record,
  Digest chain;                   // and its chain value
  Findings damage;
};

struct VerifyOptions {
  // After each piece of at most a mebioctet: also the place to wait, for who wants to read slowly.
  std::function<void(std::uint64_t done_octets, std::uint64_t total_octets)> progress = nullptr;
  // Unset: every volume is read.
  std::function<VolumePlan(const VolumeName&)> plan = nullptr;
  // As soon as it is known; again when the next volume shows that the end of this one is not as it was.
  std::function<void(const VolumeVerdict&)> verdict = nullptr;
  std::stop_token stop = {};   // requested: verify() returns ErrorKind::stopped
  bool forget_behind = false;  // leave the machine's memory to others (File::forget)
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
//
// With a plan that leaves volumes out, what refers into them is looked up in the index, and what was read is
// compared with its rows, not all rows with the volumes. Without an index that knows all sealed volumes there
// is nowhere to look, so everything is read, and a note says so.
[[nodiscard]] Result<VerifyReport> verify(const Archive& archive, const VerifyOptions& options);

}  // namespace guichet::store
