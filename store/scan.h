// Walks the records of one volume in order, checking as it goes. Recovery, catch-up, rebuild and verify are
// all this walk with another visitor.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/types.h"
#include "store/warc.h"

namespace guichet::store {

struct ScannedRecord {
  Place place;
  RecordHeader header;
  std::uint64_t block_offset = 0;
  std::uint64_t end = 0;  // offset of the octet after the record's closing CRLFCRLF
  std::string block;      // whole, when it is not a resource; empty for those
  // The block holds spaces instead of what its digest says: it was erased (erasure.h), if some fact says so.
  // Known of a resource only when bodies are read.
  bool blank = false;
};

enum class FlawKind {
  header,   // no record header can be read here
  chain,    // whole, but not the successor of the record before: removed, reordered or altered records
  block,    // the block's octets are not those of its digest
  framing,  // the block does not end in CRLFCRLF, or the file ends inside it
};

struct Flaw {
  FlawKind kind = FlawKind::header;
  Place place;
  std::uint64_t batch = 0;  // that the flawed record belongs to, as far as can be told
  std::string text;
};

struct ScanResult {
  std::uint64_t end = 0;         // after the last whole record
  Digest chain;                  // of the last whole record
  std::uint64_t last_batch = 0;  // the highest seen: those below it are known to have been synced
  std::uint64_t last_batch_begin = 0;
  std::uint64_t last_batch_end = 0;  // after the last of its records that could be read
  bool last_batch_is_whole = false;  // every one of its records is there, and sound
  Uuid warcinfo_id;
  std::uint64_t records = 0;
  std::vector<Flaw> flaws;   // in order of discovery; a flaw at or after `end` may be a torn tail
  bool tail_is_zero = true;  // everything after `end`
};

struct ScanOptions {
  std::uint64_t until = UINT64_MAX;  // look at nothing from here on
  std::uint64_t from = 0;            // begin at this offset, a record boundary,
  std::optional<Digest> chain =
      std::nullopt;         // with this chain value before it; unset: taken from the warcinfo block
  bool read_bodies = true;  // check the digests of resource blocks too
  std::function<void(std::uint64_t octets)> progress = nullptr;
  std::stop_token stop = {};   // requested: the walk ends with ErrorKind::stopped
  bool forget_behind = false;  // leave the machine's memory to others (File::forget)
};

// The visitor may stop the walk with an error. After a flaw the walk goes on at the next whole record, if
// any.
using Visitor = std::function<Result<void>(const ScannedRecord&)>;

[[nodiscard]] Result<ScanResult> scan_volume(const File& file, std::uint32_t volume,
                                             const ScanOptions& options, const Visitor& visit);

// The block of a warcinfo record (application/warc-fields).
struct VolumeInfo {
  int format = 1;
  std::uint32_t previous_volume = 0;  // 0: this is the first
  std::uint64_t previous_length = 0;
  Digest previous_chain;     // zeros for the first
  std::uint32_t volume = 0;  // the number that it was begun with; set by decode_volume_info()
};
[[nodiscard]] std::string encode_volume_info(const VolumeInfo& info, std::uint32_t number);
[[nodiscard]] Result<VolumeInfo> decode_volume_info(std::string_view block);

inline constexpr int volume_format = 1;

}  // namespace guichet::store
