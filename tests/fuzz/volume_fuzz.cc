// Arbitrary octets as a volume: the walk stays inside it and goes forward only, and recovery keeps whole
// batches, finds nothing more to cut in what it kept, and never touches a sealed volume.
#include <algorithm>
#include <string>

#include "store/recovery.h"
#include "store/scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/store/forgetful_disk.h"

namespace {

using namespace guichet::store;
using guichet::fuzz::require;

const std::filesystem::path store_folder = "/store";

struct Walk {
  std::uint64_t end = 0;  // of the record before
  std::uint64_t size = 0;

  Result<void> operator()(const ScannedRecord& record) {
    require(record.place.offset >= end, "records come in order and do not overlap");
    require(record.block_offset > record.place.offset && record.block_offset <= record.end,
            "a block is in its record");
    require(record.end <= size, "a record ends inside the volume");
    end = record.end;
    return {};
  }
};

void check_scan(const ScanResult& scan, std::uint64_t size) {
  require(scan.end <= size && scan.last_batch_end <= size, "the end is inside the volume");
  require(scan.last_batch_begin <= scan.last_batch_end, "a batch begins before it ends");
  for (const auto& flaw : scan.flaws)
    require(flaw.place.offset < size, "a flaw is inside the volume");
}

// The volume after a start that found it, or nothing if the start refused it or left none.
std::optional<std::string> recovered(const std::string& octets, bool sealed) {
  ForgetfulDisk disk(store_folder / "volumes");
  const auto path = volume_file(store_folder, 1);
  disk.put(path, octets, sealed);
  const auto tip = seal_last_volume(Archive(disk, store_folder), [](const std::string&) {});
  auto left = disk.content(path);
  if (sealed || !tip) require(left == octets, "what is sealed or refused is not touched");
  if (tip && left) require(tip->length <= left->size(), "the next volume names a length that is there");
  return tip ? left : std::nullopt;
}

void check_recovery(const std::string& octets, const ScanResult& scan) {
  (void)recovered(octets, true);
  const auto kept = recovered(octets, false);
  if (!kept) return;
  require(octets.starts_with(*kept), "what is kept is the beginning of what was there");
  const bool damaged_before = std::any_of(scan.flaws.begin(), scan.flaws.end(),
                                          [&](const Flaw& flaw) { return flaw.place.offset < kept->size(); });
  if (!damaged_before)
    require(recovered(*kept, false) == kept, "there is nothing more to cut in what was kept");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string octets(guichet::fuzz::text_of(data, size));
  ForgetfulDisk disk(store_folder / "volumes");
  disk.put(volume_file(store_folder, 1), octets);
  const auto file = disk.open_read(volume_file(store_folder, 1));
  for (const bool bodies : {true, false}) {
    ScanOptions options;
    options.read_bodies = bodies;
    const auto scan = scan_volume(**file, 1, options, Walk{.size = size});
    if (!scan) return 0;  // a later format
    check_scan(*scan, size);
    if (bodies) check_recovery(octets, *scan);
  }
  return 0;
}
