#include "store/blanking.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "store/scan.h"

namespace guichet::store {
namespace {

constexpr std::size_t piece_octets = 64 * 1024;

// An erasure is what is left, and a hold is an act of the operator.
bool stays(const Fact& fact) {
  return std::holds_alternative<Erased>(fact) || std::holds_alternative<Held>(fact) ||
         std::holds_alternative<Released>(fact);
}

bool is_wanted(const ScannedRecord& record, const ErasedRecords& records) {
  const auto& header = record.header;
  if (header.type == RecordType::resource) return records.bodies.contains(header.record_id);
  if (header.type != RecordType::metadata || record.blank) return false;
  if (!header.refers_to || !records.messages.contains(*header.refers_to)) return false;
  const auto fact = decode_fact(record.block);
  return !fact || !stays(*fact);
}

// A fact whose block has changed is no fact any more, but who it is about still stands in its header, and
// most of what it said in its block.
std::optional<Block> damaged_block(const File& file, const Flaw& flaw, const ErasedRecords& records) {
  if (flaw.kind != FlawKind::block) return std::nullopt;
  std::string octets(header_octets_max, '\0');
  octets.resize(file.read_at(octets, flaw.place.offset).value_or(0));
  const auto decoded = decode_header(octets, Digest{});
  if (!decoded || !decoded->header.refers_to || !records.messages.contains(*decoded->header.refers_to))
    return std::nullopt;
  return Block{{flaw.place.volume, flaw.place.offset + decoded->octets}, decoded->header.content_length};
}

// Every record's header, and every fact.
Result<void> walk(const Archive& archive, const std::function<void(const ScannedRecord&)>& take,
                  const std::function<void(const File&, const Flaw&)>& take_damaged) {
  const auto look = [&take](const ScannedRecord& record) -> Result<void> {
    return take(record), Result<void>();
  };
  const auto volumes = archive.all_volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  for (const auto& volume : *volumes) {
    const auto file = archive.open(volume.number);
    if (!file) return tl::unexpected(file.error());
    const auto scan = scan_volume(**file, volume.number, {.read_bodies = false}, look);
    if (!scan) return tl::unexpected(scan.error());
    for (const auto& flaw : scan->flaws)
      take_damaged(**file, flaw);
  }
  return {};
}

Result<void> overwrite(File& file, const Block& block) {
  const std::string spaces(piece_octets, ' ');
  for (std::uint64_t done = 0; done < block.octets;) {
    const auto count = std::min<std::uint64_t>(spaces.size(), block.octets - done);
    const iovec piece{const_cast<char*>(spaces.data()), static_cast<std::size_t>(count)};
    if (auto written = file.write_at({&piece, 1}, block.begin.offset + done); !written) return written;
    done += count;
  }
  return {};
}

// Not by its mark alone: an erasure that was interrupted has taken that away.
Result<bool> is_sealed(const Archive& archive, std::uint32_t volume) {
  const auto volumes = archive.volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  if (volumes->empty() || volume != volumes->back().number) return true;
  return archive.open(volume).and_then([](const auto& file) { return file->is_read_only(); });
}

// The descriptor is one of its own: a failed write-back is reported once to each, and the writer must not be
// told of ours, nor we of its.
Result<void> blank_out_in(const Archive& archive, std::uint32_t volume, const std::vector<Block>& blocks) {
  auto& disk = archive.disk();
  const auto path = volume_file(archive.folder(), volume);
  const auto sealed = is_sealed(archive, volume);
  if (!sealed) return tl::unexpected(sealed.error());
  if (*sealed)
    if (auto opened = disk.make_writable(path); !opened) return opened;
  auto file = disk.open_write(path);
  if (!file) return tl::unexpected(file.error());
  for (const auto& block : blocks)
    if (auto done = overwrite(**file, block); !done) return done;
  if (*sealed)
    if (auto closed = (*file)->make_read_only(); !closed) return closed;
  return (*file)->sync();
}

}  // namespace

Result<std::vector<Block>> find_blocks(const Archive& archive, const ErasedRecords& records) {
  std::vector<Block> blocks;
  const auto take = [&](const ScannedRecord& record) {
    if (record.header.content_length > 0 && is_wanted(record, records))
      blocks.push_back({{record.place.volume, record.block_offset}, record.header.content_length});
  };
  const auto take_damaged = [&](const File& file, const Flaw& flaw) {
    if (const auto block = damaged_block(file, flaw, records)) blocks.push_back(*block);
  };
  if (auto walked = walk(archive, take, take_damaged); !walked) return tl::unexpected(walked.error());
  return blocks;
}

Result<std::unordered_map<Digest, Holders>> holders_of(const Archive& archive,
                                                       const std::unordered_set<Digest>& digests) {
  std::unordered_map<Digest, Holders> holders;
  if (digests.empty()) return holders;
  const auto take = [&](const ScannedRecord& record) {
    const auto& header = record.header;
    const bool is_body = header.type == RecordType::resource;
    const auto digest = is_body ? std::optional(header.block_digest) : header.payload_digest;
    if (!digest || !header.target || !digests.contains(*digest)) return;
    holders[*digest].messages.push_back(*header.target);
    if (is_body) holders[*digest].records.push_back(header.record_id);
  };
  if (auto walked = walk(archive, take, [](auto&&...) {}); !walked) return tl::unexpected(walked.error());
  return holders;
}

Result<std::unordered_set<Uuid, UuidHash>> blank_among(const Archive& archive,
                                                       const std::unordered_set<Uuid, UuidHash>& messages) {
  std::unordered_set<Uuid, UuidHash> found;
  if (messages.empty()) return found;
  const auto take = [&](const ScannedRecord& record) {
    const auto& about = record.header.refers_to;
    if (record.blank && about && messages.contains(*about)) found.insert(*about);
  };
  if (auto walked = walk(archive, take, [](auto&&...) {}); !walked) return tl::unexpected(walked.error());
  return found;
}

Result<void> blank_out(const Archive& archive, const std::vector<Block>& blocks) {
  std::map<std::uint32_t, std::vector<Block>> by_volume;
  for (const auto& block : blocks)
    by_volume[block.begin.volume].push_back(block);
  for (const auto& [volume, in_it] : by_volume)
    if (auto done = blank_out_in(archive, volume, in_it); !done) return done;
  return {};
}

}  // namespace guichet::store
