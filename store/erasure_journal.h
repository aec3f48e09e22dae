// What has been erased here, kept apart from the volumes: <store>/erasures.jsonl, one `erased` fact (facts.h)
// a line, synced before anything is overwritten. It goes off-site with the volumes; a restore of an older
// state takes the newest one, and so erases again what was erased since. `erasures.done` beside it says how
// much of it has been done in these volumes: without it, all of it is done again, which is harmless.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/facts.h"

namespace guichet::store {

class ErasureJournal {
 public:
  // `disk` must outlive the object. One at a time for a store: its caller holds the store's lock.
  ErasureJournal(Disk& disk, const std::filesystem::path& store);

  // Durable when it returns. What a crash left of an earlier line is cut off first.
  [[nodiscard]] Result<void> add(const std::vector<Erased>& erasures);
  // What was added but not marked. A line that is not whole was never relied upon, and is left out.
  [[nodiscard]] Result<std::vector<Erased>> pending() const;
  [[nodiscard]] Result<std::vector<Erased>> all() const { return from(0); }
  // All that is in it now has been done.
  [[nodiscard]] Result<void> mark_done();

 private:
  [[nodiscard]] Result<std::vector<Erased>> from(std::uint64_t octet) const;
  [[nodiscard]] Result<std::string> whole_lines() const;
  [[nodiscard]] Result<std::uint64_t> octets_done() const;
  [[nodiscard]] Result<std::unique_ptr<File>> open_for_writing();

  Disk& disk_;
  const std::filesystem::path store_, file_, done_;
};

}  // namespace guichet::store
