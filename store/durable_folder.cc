#include "store/durable_folder.h"

#include <vector>

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

fs::path parent_of(const fs::path& path) {
  const auto parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool is_absent(Disk& disk, const fs::path& folder) {
  const auto names = disk.list(folder);
  return !names && names.error().kind == ErrorKind::absent;
}

}  // namespace

Result<void> make_folder_durably(Disk& disk, const fs::path& path) {
  std::vector<fs::path> above;
  for (auto folder = path; is_absent(disk, folder); folder = parent_of(folder))
    above.push_back(parent_of(folder));
  if (auto made = disk.make_folder(path); !made) return made;
  for (const auto& folder : above)
    if (auto synced = disk.sync_folder(folder); !synced) return synced;
  // What was there may be so only since a start that failed just here. Some of it may be nobody's to open.
  for (auto folder = above.empty() ? path : above.back(); parent_of(folder) != folder;
       folder = parent_of(folder))
    if (auto synced = disk.sync_folder(parent_of(folder));
        !synced && synced.error().kind != ErrorKind::absent)
      return synced;
  return {};
}

}  // namespace guichet::store
