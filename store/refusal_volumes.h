// Volumes of their own for what was refused: `<store>/refusals/NNNNNNNN-YYYYMMDD.refusals`, in the format of
// the archive's (FORMAT.md): warcinfo, then `metadata` records, here of the caller's JSON, in batches, with
// digests and one chain through all of them. Not named .warc and not in volumes/: nothing that reads the
// archive, makes its index or brings it back ever meets one. They may be deleted at any time, and are, whole,
// when they are old.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/batch.h"
#include "store/disk.h"
#include "store/error.h"
#include "store/scan.h"
#include "store/seams.h"
#include "store/types.h"

namespace guichet::store {

struct RefusalVolume {
  std::uint32_t number = 0;
  std::string day;  // on which it was begun, UTC: 20261127; what it holds may be of the next day, never older
  std::filesystem::path path;
};

// "20261127", in UTC.
[[nodiscard]] std::string refusal_day(Instant at);

// Oldest first. None where there is no folder.
[[nodiscard]] Result<std::vector<RefusalVolume>> refusal_volumes(Disk& disk,
                                                                 const std::filesystem::path& store);

// Of the volumes that were begun on that day.
[[nodiscard]] std::uint64_t refusal_octets(Disk& disk, const std::filesystem::path& store, Instant day);

// The one that writes; by whoever holds the store's lock, in one thread. A new volume is begun with the first
// record after a start and on a new day, in UTC.
class RefusalWriter {
 public:
  RefusalWriter(Disk& disk, Clock& clock, IdSource& ids, std::filesystem::path store);

  // JSON objects. Durable when it returns: one barrier for all of them. After an error the next call begins
  // another volume; which of these records are there is not known.
  [[nodiscard]] Result<void> append(const std::vector<std::string>& blocks);

 private:
  [[nodiscard]] Result<void> turn_to(const std::string& day);
  [[nodiscard]] Result<void> begin(const std::vector<RefusalVolume>& before);
  [[nodiscard]] VolumeInfo next_after(const std::vector<RefusalVolume>& before) const;
  [[nodiscard]] std::string encode(const std::vector<std::string>& blocks, BatchPosition& position) const;

  Disk& disk_;
  Clock& clock_;
  IdSource& ids_;
  const std::filesystem::path store_;
  std::unique_ptr<File> file_;  // null: begin one
  std::string day_;
  BatchPosition position_;
};

// Deletes the volumes whose records are all older than so many days; says how many.
[[nodiscard]] Result<std::size_t> delete_refusals(Disk& disk, const std::filesystem::path& store, Instant now,
                                                  unsigned keep_days);

// The records of one volume, oldest first, each with its block; stops with the visitor's error. Flaws before
// the result's `end` are damage; behind it is what a crash left, or what is being written.
[[nodiscard]] Result<ScanResult> read_refusals(Disk& disk, const RefusalVolume& volume, const Visitor& visit);

}  // namespace guichet::store
