#include "store/refusal_volumes.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "store/hash.h"
#include "store/warc.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".refusals";
constexpr std::size_t number_digits = 8, day_digits = 8;
constexpr std::int64_t day_us = 86'400'000'000;

fs::path folder_of(const fs::path& store) {
  return store / "refusals";
}

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<RefusalVolume> volume_of(const fs::path& folder, const std::string& name) {
  const auto stem = std::string_view(name).substr(0, number_digits + 1 + day_digits);
  if (name.size() != stem.size() + extension.size() || !name.ends_with(extension)) return std::nullopt;
  const auto day = stem.substr(number_digits + 1);
  if (stem[number_digits] != '-' || !all_digits(stem.substr(0, number_digits)) || !all_digits(day))
    return std::nullopt;
  RefusalVolume volume{.number = 0, .day = std::string(day), .path = folder / name};
  std::from_chars(stem.data(), stem.data() + number_digits, volume.number);
  return volume;
}

std::string name_of(std::uint32_t number, const std::string& day) {
  char text[16];
  std::snprintf(text, sizeof text, "%08u", number);
  return std::string(text) + "-" + day + std::string(extension);
}

}  // namespace

std::string refusal_day(Instant at) {
  auto day = at.rfc3339().substr(0, 10);
  std::erase(day, '-');
  return day;
}

Result<std::vector<RefusalVolume>> refusal_volumes(Disk& disk, const fs::path& store) {
  const auto folder = folder_of(store);
  const auto names = disk.list(folder);
  if (!names && names.error().kind != ErrorKind::absent) return tl::unexpected(names.error());
  std::vector<RefusalVolume> found;
  if (!names) return found;
  for (const auto& name : *names)
    if (auto volume = volume_of(folder, name)) found.push_back(std::move(*volume));
  std::ranges::sort(found, {}, &RefusalVolume::number);
  return found;
}

std::uint64_t refusal_octets(Disk& disk, const fs::path& store, Instant day) {
  std::uint64_t octets = 0;
  for (const auto& volume : refusal_volumes(disk, store).value_or(std::vector<RefusalVolume>())) {
    if (volume.day != refusal_day(day)) continue;
    if (const auto file = disk.open_read(volume.path)) octets += (*file)->size().value_or(0);
  }
  return octets;
}

// --- Writing -------------------------------------------------------------------------------------------

RefusalWriter::RefusalWriter(Disk& disk, Clock& clock, IdSource& ids, fs::path store)
    : disk_(disk), clock_(clock), ids_(ids), store_(std::move(store)) {}

Result<void> RefusalWriter::append(const std::vector<std::string>& blocks) {
  if (blocks.empty()) return {};
  if (auto turned = turn_to(refusal_day(clock_.now())); !turned) return turned;
  auto position = position_;
  auto octets = encode(blocks, position);
  const iovec piece{octets.data(), octets.size()};
  if (auto wrote = file_->write_durably({&piece, 1}, position_.end.offset); !wrote) {
    file_.reset();
    return wrote;
  }
  position_ = position;
  return {};
}

Result<void> RefusalWriter::turn_to(const std::string& day) {
  if (file_ && day == day_) return {};
  file_.reset();
  const auto volumes = refusal_volumes(disk_, store_);
  if (!volumes) return tl::unexpected(volumes.error());
  day_ = day;
  return begin(*volumes);
}

// A name that is not synced is no name after a power cut.
Result<void> RefusalWriter::begin(const std::vector<RefusalVolume>& before) {
  const auto folder = folder_of(store_);
  if (auto made = disk_.make_folder(folder); !made) return made;
  if (auto synced = disk_.sync_folder(store_); !synced) return synced;
  const auto info = next_after(before);
  const auto path = folder / name_of(info.volume, day_);
  auto file = disk_.create(path);
  if (!file) return tl::unexpected(file.error());
  BatchPosition position{.end = {info.volume, 0},
                         .chain = info.previous_chain,
                         .warcinfo_id = ids_.mint(clock_.now()),
                         .batch = 0};
  auto octets = encode_warcinfo(position, encode_volume_info(info, info.volume), clock_.now());
  const iovec piece{octets.data(), octets.size()};
  auto wrote = (*file)->write_durably({&piece, 1}, 0);
  if (wrote) wrote = disk_.sync_folder(folder);
  if (!wrote) {
    (void)disk_.remove(path);
    return wrote;
  }
  file_ = std::move(*file);
  position_ = position;
  return {};
}

// A volume that cannot be read is not continued: the chain begins anew, as it does in the first.
VolumeInfo RefusalWriter::next_after(const std::vector<RefusalVolume>& before) const {
  VolumeInfo info{.previous_chain = {}, .volume = 1};
  if (before.empty()) return info;
  const auto& last = before.back();
  info.volume = last.number + 1;
  const auto scan = read_refusals(disk_, last, [](const auto&) { return Result<void>(); });
  if (!scan) return info;
  info.previous_volume = last.number;
  info.previous_length = scan->end;
  info.previous_chain = scan->chain;
  return info;
}

std::string RefusalWriter::encode(const std::vector<std::string>& blocks, BatchPosition& position) const {
  const auto now = clock_.now();
  std::string octets;
  ++position.batch;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    RecordHeader header;
    header.type = RecordType::metadata;
    header.record_id = ids_.mint(now);
    header.date = now;
    header.warcinfo_id = position.warcinfo_id;
    header.content_type = "application/json";
    header.content_length = blocks[i].size();
    header.block_digest = sha256(blocks[i]);
    header.batch = position.batch;
    header.batch_index = i;
    header.batch_count = blocks.size();
    header.offset = position.end.offset;
    const auto begin = octets.size();
    octets.append(encode_header(header, position.chain)).append(blocks[i]).append(record_end);
    position.chain = header.chain;
    position.end.offset += octets.size() - begin;
  }
  return octets;
}

// --- Reading and deleting ------------------------------------------------------------------------------

// Begun on a day, a volume may hold what was refused in the first second of the next one.
Result<std::size_t> delete_refusals(Disk& disk, const fs::path& store, Instant now, unsigned keep_days) {
  const auto volumes = refusal_volumes(disk, store);
  if (!volumes) return tl::unexpected(volumes.error());
  const auto first_kept = refusal_day({now.unix_us - (std::int64_t{keep_days} + 1) * day_us});
  std::size_t deleted = 0;
  for (const auto& volume : *volumes) {
    if (volume.day >= first_kept) continue;
    if (auto removed = disk.remove(volume.path); !removed) return tl::unexpected(removed.error());
    ++deleted;
  }
  return deleted;
}

Result<ScanResult> read_refusals(Disk& disk, const RefusalVolume& volume, const Visitor& visit) {
  const auto file = disk.open_read(volume.path);
  if (!file) return tl::unexpected(file.error());
  return scan_volume(**file, volume.number, {.read_bodies = false}, [&](const ScannedRecord& record) {
    return record.header.type == RecordType::metadata ? visit(record) : Result<void>();
  });
}

}  // namespace guichet::store
