// The store as the commands read it: beside a running gateway, or alone.
#pragma once

#include <filesystem>
#include <memory>

#include "store/archive.h"
#include "store/disk.h"
#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

struct StoreView {
  std::unique_ptr<store::Disk> disk;
  std::unique_ptr<store::Archive> archive;
  std::unique_ptr<store::IndexReader> index;
};

// The volumes alone. absent or foreign, with one line that says what to do, when the folder is no store of
// this release.
[[nodiscard]] store::Result<StoreView> open_archive(const std::filesystem::path& folder);

// The volumes and an index that lacks nothing. A running gateway keeps it so; when none runs, an index that
// is behind or absent is brought up to the end of the volumes first, under the store's lock.
[[nodiscard]] store::Result<StoreView> open_store(const std::filesystem::path& folder);

}  // namespace guichet::cli
