// One copy off-site, from what is durable to a snapshot that is recorded: stage, restic, log.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <tl/expected.hpp>

#include "cli/backup_log.h"
#include "cli/restic.h"
#include "conf/settings.h"
#include "store/archive.h"
#include "store/disk.h"
#include "store/seams.h"

namespace guichet::cli {

// What the one process that may write knows of the store.
struct DurableStore {
  std::function<store::Place()> end;
  std::function<bool(std::uint64_t octets)> has_room;
};

// How far the copies are behind.
struct Behind {
  std::uint64_t octets = 0;
  std::optional<store::Instant> oldest;  // of what is not off-site; unset: all is
};

class OffSite {
 public:
  // References must outlive the object.
  OffSite(const conf::Settings& settings, store::Disk& disk, store::Clock& clock);

  // nullopt: nothing is new since the last snapshot. One caller at a time.
  using Made = tl::expected<std::optional<Snapshot>, ResticFailure>;
  [[nodiscard]] Made run(const DurableStore& durable, bool own_group, const std::function<void()>& on_tick,
                         const std::stop_token& stop);

  // May be asked while it runs.
  [[nodiscard]] Behind behind(store::Place end) const;
  [[nodiscard]] std::optional<Snapshot> last() const { return log_.last(repository_); }
  [[nodiscard]] BackupLog& log() { return log_; }
  [[nodiscard]] const std::string& repository() const { return repository_; }  // without credentials

  // The end of what is durable when no gateway runs: everything that is whole.
  [[nodiscard]] store::Result<store::Place> end_at_rest() const;

 private:
  [[nodiscard]] tl::expected<Snapshot, ResticFailure> make(const DurableStore& durable, Snapshot next,
                                                           const std::optional<Snapshot>& last,
                                                           ResticOptions options, const ResticWatch& watch,
                                                           const std::stop_token& stop);

  [[nodiscard]] std::uint64_t merged_volumes() const;
  void add_history(const std::optional<Snapshot>& last, Behind& behind) const;

  const conf::Settings& settings_;
  store::Disk& disk_;
  store::Clock& clock_;
  const std::filesystem::path store_;
  const store::Archive archive_;
  const std::string repository_;
  BackupLog log_;
};

// {"repository":…,"last_snapshot_at":…,"snapshot":…,"end":{…},"behind_octets":…,"oldest_not_offsite_s":…,
//  "last_error":…,"next_try_at":…}; null for what there is none of.
[[nodiscard]] std::string status_json(const OffSite& off_site, const Attempt& attempt, store::Place end,
                                      store::Instant now);

// Patterns for restic's --exclude: of the volumes, those of this store's own numbering beyond `last`, and
// what is no volume.
[[nodiscard]] std::vector<std::string> volumes_beyond(std::uint32_t last);

}  // namespace guichet::cli
