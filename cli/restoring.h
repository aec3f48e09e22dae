// What restore, merge and drill have in common: a snapshot becomes a verified store in a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/repository.h"
#include "store/disk.h"
#include "store/restore.h"
#include "store/seams.h"

namespace guichet::cli {

struct RestoreJob {
  std::filesystem::path to;  // begin_restore() was called for it
  std::optional<store::Instant> at;
  std::uint64_t spare_octets = 0;  // to be left free for others
  store::Completion completion;
  store::Alarm alarm;
  std::function<void(const std::string& step)> say = [](const std::string&) {};
};

struct Restored {
  RestorePoint snapshot;
  store::VerifyReport report;
};

// The mark stays, and so may findings. Errors: nothing came of it.
[[nodiscard]] store::Result<Restored> restore_into(Repository& repository, store::Disk& disk,
                                                   const RestoreJob& job);

// "damage: where: what" for each finding on standard output; how many of them are damage.
std::size_t show_findings(const store::Findings& findings);

[[nodiscard]] std::string in_words(std::uint64_t count,
                                   const std::string& of_what);  // "1 message", "2 messages"

}  // namespace guichet::cli
