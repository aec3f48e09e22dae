// `guichet backup drill`: the newest snapshot is restored in a scratch folder, verified, compared with the
// store, and the outcome is written down with its date. A backup that was never restored is a hope.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/duty.h"
#include "conf/settings.h"
#include "store/error.h"
#include "store/seams.h"

namespace guichet::cli {

struct DrillRequest {
  std::string from;  // empty: backup.repository
  std::filesystem::path envdir;
};

// What one line of <store>/backup/drills.jsonl says.
struct DrillRecord {
  store::Instant at;
  std::string snapshot;  // its id; empty when it did not get that far
  std::uint64_t messages = 0;
  std::uint64_t seconds = 0;
  std::string result;  // "proven", or what was wrong
  [[nodiscard]] bool proven() const { return result == "proven"; }
};

// 0: proven; 1: not.
int backup_drill(const conf::Settings& settings, const DrillRequest& request);

// The last one; with `proven`, the last that was. nullopt: none so far. For `backup status` and metrics.
[[nodiscard]] std::optional<DrillRecord> last_drill(const std::filesystem::path& store, bool proven);

// Each `backup.drill_days`, a day after one that failed; null when there is nothing to do (0 days, no
// repository). Speaks only of failure. Does nothing while the store is detached.
[[nodiscard]] std::unique_ptr<Duty> drill_duty(const conf::Settings& settings, store::Alarm alarm);

}  // namespace guichet::cli
