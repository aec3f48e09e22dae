#include "cli/repair.h"

#include <filesystem>
#include <iostream>

#include "cli/pace.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/repository.h"
#include "store/recovery.h"
#include "store/repair.h"
#include "store/scrub.h"
#include "store/stage.h"
#include "store/store.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::Archive;
using store::Result;
using store::VerifyReport;

void say_alarm(const std::string& text) {
  complain(text);
}

// A volume may have been replaced since the archive was opened: each look is with one of its own.
Result<VerifyReport> look(store::Disk& disk, const fs::path& folder, bool keep) {
  const Archive archive(disk, folder);
  ProgressBar bar("verify");
  const auto progress = [&bar](auto done, auto total) { bar.show(done, total); };
  if (!keep) return store::verify(archive, {.progress = progress});
  store::ScrubOptions options;
  options.progress = progress;
  options.alarm = say_alarm;
  const auto clock = store::real_clock();
  return store::verify_and_keep(archive, *clock, store::Extent::all, options);
}

void show(const store::RepairPlan& plan) {
  for (const auto& [damage, what] : plan.remedies)
    std::cout << "damage: " << plain(damage.where) << ": " << plain(damage.what)
              << "\n  can be had back: " << plain(what) << '\n';
}

// --- Where from ----------------------------------------------------------------------------------------

// The volume as the newest snapshot has it: the sealed file, or what was copied of it while it grew.
class SnapshotVolumes final : public store::VolumeSource {
 public:
  SnapshotVolumes(store::Disk& disk, std::unique_ptr<Repository> repository, RestorePoint point)
      : disk_(disk), repository_(std::move(repository)), point_(std::move(point)) {}

  Result<fs::path> fetch(std::uint32_t volume, const fs::path& into_folder) override {
    const std::vector<std::string> names{fs::relative(store::volume_file("/", volume), "/").string(),
                                         fs::relative(store::active_folder("/", volume), "/").string()};
    const auto fetched = repository_->fetch_only(point_, names, into_folder / "snapshot");
    if (!fetched) return tl::unexpected(fetched.error());
    return store::folder_source(disk_, fetched->folder)->fetch(volume, into_folder);
  }
  std::string name() const override { return point_.name; }

 private:
  store::Disk& disk_;
  const std::unique_ptr<Repository> repository_;
  const RestorePoint point_;
};

Result<std::unique_ptr<store::VolumeSource>> source_of(store::Disk& disk,
                                                       const conf::BackupSettings& settings,
                                                       const std::string& from) {
  std::error_code code;
  if (fs::is_directory(fs::path(from) / "volumes", code)) return store::folder_source(disk, from);
  if (from.find(':') == std::string::npos && !fs::exists(from, code))
    return store::fail(store::ErrorKind::absent, "there is no folder " + from + " to restore from");
  auto repository = open_repository(from, settings.envdir, settings.cacert_file);
  if (!repository) return tl::unexpected(repository.error());
  auto points = (*repository)->snapshots();
  if (!points) return tl::unexpected(points.error());
  if (points->empty()) return store::fail(store::ErrorKind::absent, "there is no snapshot in " + from);
  return std::make_unique<SnapshotVolumes>(disk, std::move(*repository), std::move(points->back()));
}

// --- Doing it ------------------------------------------------------------------------------------------

Result<std::unique_ptr<store::FolderLock>> lock(const Archive& archive) {
  auto held = archive.disk().lock(archive.folder() / "lock");
  if (held || held.error().kind != store::ErrorKind::busy) return held;
  return store::fail(store::ErrorKind::busy,
                     "stop the gateway first: systemctl stop guichet (" + held.error().text + ")");
}

void restore(const Archive& archive, const store::RepairPlan& plan, store::VolumeSource& source) {
  for (const auto& [volume, done] : store::restore_volumes(archive, plan, source)) {
    if (!done) {
      complain(store::where(volume) + " was not repaired: " + done.error().text);
      continue;
    }
    std::cout << "repaired: " << store::where(volume) << " from " << plain(source.name())
              << "; the damaged one is kept beside it as " << store::where(volume) << ".damaged\n";
  }
}

// A start does all that a changed volume needs but one thing: what was damaged when the index met it is not
// in it. Takes the lock by itself.
Result<void> start_once(store::Disk& disk, const fs::path& folder) {
  const auto clock = store::real_clock();
  const auto ids = store::random_ids();
  auto opened = store::Store::open({.path = folder}, disk, *clock, *ids, say_alarm);
  if (!opened) return tl::unexpected(opened.error());
  return (*opened)->rebuild_index().map([](const auto&) {});
}

// Nothing: there was no damage.
Result<bool> restore_damaged(const Archive& archive, store::VolumeSource& source) {
  const auto held = lock(archive);
  if (!held) return tl::unexpected(held.error());
  if (auto sealed = store::seal_last_volume(archive, say_alarm); !sealed)
    return tl::unexpected(sealed.error());
  const auto report = look(archive.disk(), archive.folder(), true);
  if (!report) return tl::unexpected(report.error());
  if (!report->damaged()) return false;
  restore(archive, store::plan_repair(archive, *report), source);
  return true;
}

Result<VerifyReport> repair_from(const Archive& archive, store::VolumeSource& source) {
  const auto tried = restore_damaged(archive, source);
  if (!tried) return tl::unexpected(tried.error());
  if (*tried)
    if (auto started = start_once(archive.disk(), archive.folder()); !started)
      return tl::unexpected(started.error());
  return look(archive.disk(), archive.folder(), true);
}

int tell(const VerifyReport& report, const store::RepairPlan& plan) {
  show(plan);
  std::cout << (report.damaged() ? "there is DAMAGE; nothing was changed\n"
                                 : "no damage, nothing to repair\n");
  return report.damaged() ? 1 : 0;
}

int tell_end(const VerifyReport& report) {
  for (const auto& finding : report.findings)
    if (finding.kind == store::FindingKind::damage)
      std::cout << "damage: " << plain(finding.where) << ": " << plain(finding.what) << '\n';
  std::cout << "verified again: " << (report.damaged() ? "there is still DAMAGE" : "no damage") << '\n';
  return report.damaged() ? 1 : 0;
}

}  // namespace

int repair(const conf::Settings& settings, const RepairOptions& options) {
  auto view = open_archive(settings.store.path);
  if (!view) return complain(view.error().text);
  const auto& archive = *view->archive;
  if (options.restore_from.empty()) {
    const auto report = look(*view->disk, archive.folder(), false);
    if (!report) return complain(report.error().text);
    return tell(*report, store::plan_repair(archive, *report));
  }
  const auto source = source_of(*view->disk, settings.backup, options.restore_from);
  if (!source) return complain(source.error().text);
  const auto report = repair_from(archive, **source);
  if (!report) return complain(report.error().text);
  return tell_end(*report);
}

}  // namespace guichet::cli
