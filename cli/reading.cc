#include "cli/reading.h"

#include "cli/control_client.h"
#include "cli/owner.h"
#include "cli/plain_text.h"
#include "store/projection.h"
#include "store/recovery.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::Archive;
using store::ErrorKind;
using store::Result;

// A sealed volume never grows: an index that ends where the last one does needs no lock and no catching up.
bool is_complete(store::IndexReader& index, const Archive& archive) {
  const auto position = index.position();
  const auto volumes = archive.volumes();
  const auto history = store::merged_to_take_in(index, archive);
  if (!history || !history->empty()) return false;
  if (!position || !*position || !volumes || volumes->empty()) return false;
  const auto last = archive.open(volumes->back().number);
  if (!last || !(*last)->is_read_only().value_or(false)) return false;
  return (*position)->end == store::Place{volumes->back().number, (*last)->size().value_or(0)};
}

// What a start of the gateway would do: after a crash, what was never acknowledged must not be listed.
Result<void> catch_up(const Archive& archive) {
  const store::Alarm alarm = [](const std::string& text) { complain(text); };
  if (auto tip = store::seal_last_volume(archive, alarm); !tip) return tl::unexpected(tip.error());
  auto index = store::Index::open(store::index_file(archive.folder()));
  if (!index) return tl::unexpected(index.error());
  auto done = store::catch_up(**index, archive, store::everything, alarm);
  if (done || done.error().kind != ErrorKind::foreign) return done;
  alarm(done.error().text + "; it is made anew from the volumes");
  return store::rebuild(**index, archive, store::everything, alarm);
}

// Without the lock it is the running gateway that keeps the index, or this user may only read.
void bring_up(const Archive& archive) {
  const auto lock = archive.disk().lock(archive.folder() / "lock");
  auto done = lock ? catch_up(archive) : ask_for_current_index(archive.folder());
  if (!done && !lock && lock.error().kind != ErrorKind::busy) done = tl::unexpected(lock.error());
  if (!done) complain(done.error().text + "; the newest messages may be missing here");
}

}  // namespace

Result<StoreView> open_archive(const fs::path& folder) {
  act_as_owner_of(folder);
  StoreView view{.disk = store::real_disk(), .archive = nullptr, .index = nullptr};
  if (auto ours = store::check_folder(*view.disk, folder); !ours) return tl::unexpected(ours.error());
  view.archive = std::make_unique<Archive>(*view.disk, folder);
  return view;
}

Result<StoreView> open_store(const fs::path& folder) {
  auto view = open_archive(folder);
  if (!view) return view;
  auto index = store::IndexReader::open(store::index_file(folder));
  if (!index || !is_complete(**index, *view->archive)) {
    index = tl::unexpected(store::Error{});  // closed before another connection writes
    bring_up(*view->archive);
    index = store::IndexReader::open(store::index_file(folder));
  }
  if (!index) return tl::unexpected(index.error());
  view->index = std::move(*index);
  return view;
}

}  // namespace guichet::cli
