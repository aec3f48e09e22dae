// What is known here of the copies off-site: backup/snapshots.jsonl, one line for each snapshot made, and
// backup/state.json, how the last attempt went. Both may be lost: the repository is the truth, and without
// them the next snapshot is made at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "store/disk.h"
#include "store/error.h"
#include "store/types.h"

namespace guichet::cli {

// What of the journal of erasures was known, and how much of it done: when either moves, octets of volumes
// may have changed that were copied before.
struct Erasures {
  std::uint64_t journal_octets = 0;
  std::string done;
  friend bool operator==(const Erasures&, const Erasures&) = default;
};

struct Snapshot {
  store::Instant at;  // when it was begun: what came before is in it
  std::string id;     // restic's
  std::string repository;
  store::Place end;
  Erasures erasures;
  std::uint64_t octets_new = 0;  // of the volumes
  double seconds = 0;
  std::uint64_t merged_volumes = 0;  // history of other stores that was in it
  [[nodiscard]] bool says_the_same_as(const Snapshot& other) const {
    return end == other.end && erasures == other.erasures && merged_volumes == other.merged_volumes;
  }
};

struct Attempt {
  unsigned failures = 0;  // in a row
  std::string last_error;
  std::optional<store::Instant> next_try_at;
};

class BackupLog {
 public:
  BackupLog(store::Disk& disk, std::filesystem::path store);

  // The last one in this repository; nullopt: none is known.
  [[nodiscard]] std::optional<Snapshot> last(const std::string& repository) const;
  [[nodiscard]] store::Result<void> add(const Snapshot& snapshot);

  [[nodiscard]] Attempt attempt() const;
  void set(const Attempt& attempt);  // a full disk loses it

  [[nodiscard]] Erasures erasures() const;

 private:
  store::Disk& disk_;
  const std::filesystem::path store_, snapshots_, state_;
};

}  // namespace guichet::cli
