#include "store/same_history.h"

#include "store/facts.h"
#include "store/scan.h"

namespace guichet::store {
namespace {

struct End {
  std::uint64_t octets = 0;
  Digest chain;
};

Result<End> end_of(const Archive& archive, std::uint32_t volume, std::uint64_t until) {
  auto file = archive.open(volume);
  if (!file) return tl::unexpected(file.error());
  ScanOptions options{.read_bodies = false};
  options.until = until;
  const auto scan = scan_volume(**file, volume, options, [](const ScannedRecord&) { return Result<void>(); });
  if (!scan) return tl::unexpected(scan.error());
  return End{scan->end, scan->chain};
}

// What a restore adds by itself: the facts of erasures that came after the snapshot.
Result<bool> tells_of_erasures_only(const Archive& archive, std::uint32_t volume) {
  auto file = archive.open(volume);
  if (!file) return tl::unexpected(file.error());
  std::size_t erasures = 0, others = 0;
  const auto look = [&](const ScannedRecord& record) -> Result<void> {
    if (record.header.type == RecordType::warcinfo) return {};
    const bool metadata = record.header.type == RecordType::metadata;
    const auto fact = metadata ? decode_fact(record.block) : fail(ErrorKind::foreign, "");
    ++(fact && std::holds_alternative<Erased>(*fact) ? erasures : others);
    return {};
  };
  const auto scan = scan_volume(**file, volume, {.read_bodies = false}, look);
  if (!scan) return tl::unexpected(scan.error());
  return erasures > 0 && others == 0;
}

}  // namespace

Result<Findings> differences(const Archive& copy, const Archive& live) {
  const auto volumes = copy.all_volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  Findings found;
  const auto differs = [&found](std::uint32_t volume, const char* how) {
    found.push_back({FindingKind::damage, where(volume), how});
  };
  for (const auto& volume : *volumes) {
    const auto added = tells_of_erasures_only(copy, volume.number);
    if (!added) return tl::unexpected(added.error());
    if (*added) continue;
    const auto theirs = end_of(copy, volume.number, UINT64_MAX);
    if (!theirs) return tl::unexpected(theirs.error());
    const auto ours = end_of(live, volume.number, theirs->octets);
    if (!ours && ours.error().kind != ErrorKind::absent) return tl::unexpected(ours.error());
    if (!ours)
      differs(volume.number, "the copy has this volume, the store has it not");
    else if (ours->octets != theirs->octets || ours->chain != theirs->chain)
      differs(volume.number, "the copy and the store tell of different records up to where the copy ends");
  }
  return found;
}

}  // namespace guichet::store
