#include "store/marks.h"

namespace guichet::store {

namespace fs = std::filesystem;

// No half text under the final name would matter: that the name is there is what counts.
Result<void> set_mark(Disk& disk, const fs::path& store, const char* mark, const std::string& text) {
  if (disk.open_read(store / mark)) return disk.sync_folder(store);
  auto file = disk.create(store / mark);
  if (!file) return tl::unexpected(file.error());
  const auto line = text + "\n";
  const iovec piece{const_cast<char*>(line.data()), line.size()};
  if (auto wrote = (*file)->write_durably({&piece, 1}, 0); !wrote) return wrote;
  return disk.sync_folder(store);
}

Result<void> clear_mark(Disk& disk, const fs::path& store, const char* mark) {
  auto removed = disk.remove(store / mark);
  if (!removed && removed.error().kind != ErrorKind::absent) return removed;
  return disk.sync_folder(store);
}

bool has_mark(Disk& disk, const fs::path& store, const char* mark) {
  const auto file = disk.open_read(store / mark);
  return file || file.error().kind != ErrorKind::absent;
}

Result<void> refuse_restoring(Disk& disk, const fs::path& store) {
  const auto file = disk.open_read(store / restoring_mark);
  if (!file) return file.error().kind == ErrorKind::absent ? Result<void>() : tl::unexpected(file.error());
  return fail(ErrorKind::foreign,
              store.string() +
                  " is a restore that has not come to its end; run the same guichet restore "
                  "again, it begins anew");
}

}  // namespace guichet::store
