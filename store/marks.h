// Files in a store's folder that say what it is: there or not is all they say to a program, their text is for
// people.
#pragma once

#include <filesystem>
#include <string>

#include "store/disk.h"
#include "store/error.h"

namespace guichet::store {

// A copy to look at: it hands nothing over, backs nothing up, and acts on nobody's behalf, until it is
// adopted.
inline constexpr const char* detached_mark = "detached";
// A restore that has not been verified to its end.
inline constexpr const char* restoring_mark = "restoring";

// Durable when they return. Setting one that is set changes nothing; clearing one that is not is fine.
[[nodiscard]] Result<void> set_mark(Disk& disk, const std::filesystem::path& store, const char* mark,
                                    const std::string& text);
[[nodiscard]] Result<void> clear_mark(Disk& disk, const std::filesystem::path& store, const char* mark);

// Also true when it cannot be told: a copy must not act because of a disk that failed.
[[nodiscard]] bool has_mark(Disk& disk, const std::filesystem::path& store, const char* mark);

[[nodiscard]] inline bool detached(Disk& disk, const std::filesystem::path& store) {
  return has_mark(disk, store, detached_mark);
}

// foreign, with what to do, for a folder whose restore has not come to its end.
[[nodiscard]] Result<void> refuse_restoring(Disk& disk, const std::filesystem::path& store);

}  // namespace guichet::store
