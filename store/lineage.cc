#include "store/lineage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "store/archive.h"
#include "store/restore.h"
#include "store/warc.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

using Volumes = std::vector<VolumeName>;  // of one lineage, by number
using Lineages = std::map<std::uint32_t, Volumes>;

Result<Lineages> lineages(const Archive& archive) {
  auto volumes = archive.all_volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  Lineages found;
  for (auto& volume : *volumes)
    found[lineage_of(volume.number)].push_back(std::move(volume));
  return found;
}

// The id of the lineage's first record: nobody else has it.
Result<Uuid> identity(Disk& disk, const VolumeName& first) {
  auto file = disk.open_read(first.path);
  if (!file) return tl::unexpected(file.error());
  std::string octets(header_octets_max, '\0');
  const auto got = (*file)->read_at(octets, 0);
  if (!got) return tl::unexpected(got.error());
  octets.resize(*got);
  const auto decoded = decode_header(octets, Digest{});
  if (!decoded || decoded->header.type != RecordType::warcinfo)
    return fail(ErrorKind::damaged, first.path.string() + " does not begin with a warcinfo record");
  return decoded->header.record_id;
}

Result<std::uint64_t> size_of(Disk& disk, const fs::path& path) {
  return disk.open_read(path).and_then([](const auto& file) { return file->size(); });
}

class Merge {
 public:
  Merge(Disk& disk, const fs::path& from, const fs::path& to)
      : disk_(disk), to_(to), source_(disk, from), target_(disk, to) {}

  Result<BroughtIn> run() {
    const auto theirs = lineages(source_);
    if (!theirs) return tl::unexpected(theirs.error());
    auto ours = identities();
    if (!ours) return tl::unexpected(ours.error());
    // Theirs own comes last here as it did there: its facts may be about what was merged into it.
    for (const bool own : {false, true})
      for (const auto& [number, volumes] : *theirs)
        if ((number == 0) == own)
          if (auto brought = bring_in(volumes, *ours); !brought) return tl::unexpected(brought.error());
    return result_;
  }

 private:
  Result<std::map<Uuid, std::uint32_t>> identities() {
    const auto present = lineages(target_);
    if (!present) return tl::unexpected(present.error());
    std::map<Uuid, std::uint32_t> ids;
    for (const auto& [number, volumes] : *present) {
      const auto id = identity(disk_, volumes.front());
      if (!id) return tl::unexpected(id.error());
      ids.emplace(*id, number);
      last_ = std::max(last_, number);
    }
    return ids;
  }

  Result<void> bring_in(const Volumes& volumes, const std::map<Uuid, std::uint32_t>& ours) {
    const auto lineage = lineage_for(volumes, ours);
    if (!lineage) return tl::unexpected(lineage.error());
    return move(volumes, *lineage);
  }

  Result<std::uint32_t> lineage_for(const Volumes& volumes, const std::map<Uuid, std::uint32_t>& ours) {
    const auto id = identity(disk_, volumes.front());
    if (!id) return tl::unexpected(id.error());
    const auto known = ours.find(*id);
    if (known != ours.end() && is_own(known->second * lineage_stride))
      return fail(ErrorKind::foreign, "this is a copy of the store itself (" + to_.string() +
                                          "): there is no other history in it to bring in");
    if (known != ours.end()) return known->second;
    if (last_ == lineages_max)
      return fail(ErrorKind::foreign,
                  "the store holds " + std::to_string(lineages_max) + " histories already, it takes no more");
    return ++last_;
  }

  Result<void> move(const Volumes& volumes, std::uint32_t lineage) {
    for (const auto& volume : volumes) {
      const auto number = lineage * lineage_stride + number_in_lineage(volume.number);
      const auto there = is_there(volume, number);
      if (!there) return tl::unexpected(there.error());
      if (*there) {
        ++result_.there;
        continue;
      }
      if (auto moved = move(volume, number); !moved) return moved;
    }
    return {};
  }

  // One after the other, each durable before the next: the first one is how the lineage is known again.
  Result<void> move(const VolumeName& volume, std::uint32_t number) {
    const auto size = size_of(disk_, volume.path);
    if (!size) return tl::unexpected(size.error());
    if (auto renamed = disk_.rename(volume.path, volume_file(to_, number)); !renamed) return renamed;
    ++result_.volumes;
    result_.octets += *size;
    return disk_.sync_folder(to_ / "volumes");
  }

  Result<bool> is_there(const VolumeName& volume, std::uint32_t number) {
    const auto present = size_of(disk_, volume_file(to_, number));
    if (!present && present.error().kind == ErrorKind::absent) return false;
    const auto given = size_of(disk_, volume.path);
    if (!present || !given) return tl::unexpected(present ? given.error() : present.error());
    if (*given <= *present) return true;
    return fail(
        ErrorKind::foreign,
        where(number) + " was brought in from an earlier snapshot and is sealed with " +
            std::to_string(*present) + " octets; here it has " + std::to_string(*given) +
            ": what came later cannot be added to it. Restore this snapshot into a folder of its own");
  }

  Disk& disk_;
  const fs::path& to_;
  const Archive source_, target_;
  std::uint32_t last_ = 0;
  BroughtIn result_;
};

}  // namespace

Result<BroughtIn> bring_in(Disk& disk, const fs::path& from, const fs::path& to) {
  return Merge(disk, from, to).run();
}

}  // namespace guichet::store
