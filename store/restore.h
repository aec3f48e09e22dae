// From what a snapshot holds to a store. Knows nothing of where the snapshot came from: it is a folder with
// `format`, `volumes/`, `backup/active/NNNNNNNN/` (the durable prefix of the active volume, in segments) and
// `erasures.jsonl`, or a plain copy of a whole store.
//
// Crash-safe: the target is marked before anything else (store/marks.h), and refused by everybody else, until
// what stands in it has been verified. A restore that was interrupted begins anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/archive.h"
#include "store/disk.h"
#include "store/error.h"
#include "store/finding.h"
#include "store/seams.h"
#include "store/verify.h"

namespace guichet::store {

// Makes and marks the target, durably; the lock keeps a second restore out. Refuses a folder that holds
// anything, unless it is marked: then what an earlier try left is removed.
[[nodiscard]] Result<std::unique_ptr<FolderLock>> begin_restore(Disk& disk, const std::filesystem::path& to,
                                                                const std::string& mark_text);

struct AssembleOptions {
  std::filesystem::path from, to;
  // As of then: each lineage ends before the first batch of which a record is dated later. Unset: all of it.
  std::optional<Instant> at;
  bool may_move = false;  // `from` is ours, on the same file system: volumes are moved, not copied
  // Of the newest snapshot, whatever `at` is: what was erased stays erased. Unset: that in `from`.
  std::optional<std::string> erasures;
};

struct Assembled {
  std::uint64_t volumes = 0, octets = 0;
  Findings findings;  // what of `from` could not be used
};

// Everything is durable when it returns. The last volume of the store's own is left for complete_restore() to
// seal.
[[nodiscard]] Result<Assembled> assemble(Disk& disk, const AssembleOptions& options);

struct Completion {
  bool with_index = true;  // a part of another store (merge) needs none of its own
  VerifyOptions verify = {};
};

// Seals, makes the index from nothing, erases again what erasures.jsonl names, verifies every octet. The mark
// stays: what is to be done about findings is the caller's to decide.
[[nodiscard]] Result<VerifyReport> complete_restore(Disk& disk, const std::filesystem::path& to,
                                                    const Completion& completion, const Alarm& alarm);

// From now on it is a store like any other.
[[nodiscard]] Result<void> end_restore(Disk& disk, const std::filesystem::path& to);

struct BroughtIn {
  std::uint64_t volumes = 0, octets = 0;
  std::uint64_t there = 0;  // volumes that had been brought in before
};

// Moves the volumes of `from`, a complete store on the same file system that nobody uses, into the store `to`
// as lineages of their own (store/lineage.h), one by one and in order, each durably. `to` may be receiving.
// Done twice it is done once: a lineage is known by the id of its first record, and goes on where it ended.
// foreign: `from` is a copy of `to` itself, or is longer at a place where `to` has a sealed end.
[[nodiscard]] Result<BroughtIn> bring_in(Disk& disk, const std::filesystem::path& from,
                                         const std::filesystem::path& to);

}  // namespace guichet::store
