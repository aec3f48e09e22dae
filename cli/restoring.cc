#include "cli/restoring.h"

#include <iostream>

#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::fail;
using store::Result;

constexpr std::uint64_t margin_octets = 16 << 20;

// An index is about a tenth of the volumes; the last volume stands there twice for a moment.
Result<void> check_room(Repository& repository, store::Disk& disk, const RestoreJob& job,
                        const RestorePoint& snapshot) {
  const auto octets = repository.octets(snapshot);
  if (!octets) return tl::unexpected(octets.error());
  const auto space = disk.space(job.to);
  if (!space) return tl::unexpected(space.error());
  const auto needed = *octets + *octets / 10 + margin_octets + job.spare_octets;
  if (space->free_octets >= needed) return {};
  return fail(ErrorKind::no_space, "there is too little room in " + job.to.string() + ": " + snapshot.name +
                                       " needs about " + std::to_string(needed >> 20) + " MiB, " +
                                       std::to_string(space->free_octets >> 20) + " MiB are free");
}

Result<RestorePoint> choose(Repository& repository, const RestoreJob& job) {
  const auto all = repository.snapshots();
  if (!all) return tl::unexpected(all.error());
  if (all->empty())
    return fail(ErrorKind::absent,
                "the repository holds no snapshot with the tag guichet: nothing to restore");
  return snapshot_for(*all, job.at);
}

// restic restores folders as they were, which may be ones that only their owner may search.
void remove_scratch(const fs::path& scratch) {
  std::error_code error;
  fs::remove_all(scratch, error);
}

}  // namespace

Result<Restored> restore_into(Repository& repository, store::Disk& disk, const RestoreJob& job) {
  const auto scratch = job.to / "restored";
  remove_scratch(scratch);
  auto snapshot = choose(repository, job);
  if (!snapshot) return tl::unexpected(snapshot.error());
  if (auto room = check_room(repository, disk, job, *snapshot); !room) return tl::unexpected(room.error());
  job.say("taking " + snapshot->name);
  const auto fetched = repository.fetch(*snapshot, scratch);
  if (!fetched) return tl::unexpected(fetched.error());
  auto erasures = repository.newest_copy("erasures.jsonl");
  if (!erasures) return tl::unexpected(erasures.error());
  auto assembled = store::assemble(disk, {.from = fetched->folder,
                                          .to = job.to,
                                          .at = job.at,
                                          .may_move = fetched->is_ours,
                                          .erasures = std::move(*erasures)});
  remove_scratch(scratch);
  if (!assembled) return tl::unexpected(assembled.error());
  job.say("verifying " + in_words(assembled->volumes, "volume") + ", " + std::to_string(assembled->octets) +
          " octets");
  auto report = store::complete_restore(disk, job.to, job.completion, job.alarm);
  if (!report) return tl::unexpected(report.error());
  report->findings.insert(report->findings.begin(), assembled->findings.begin(), assembled->findings.end());
  return Restored{std::move(*snapshot), std::move(*report)};
}

std::size_t show_findings(const store::Findings& findings) {
  std::size_t damaged = 0;
  for (const auto& finding : findings) {
    if (finding.kind != store::FindingKind::damage) continue;
    std::cout << "damage: " << plain(finding.where) << ": " << plain(finding.what) << '\n';
    ++damaged;
  }
  return damaged;
}

std::string in_words(std::uint64_t count, const std::string& of_what) {
  return std::to_string(count) + " " + of_what + (count == 1 ? "" : "s");
}

}  // namespace guichet::cli
