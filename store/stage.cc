#include "store/stage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

#include "store/archive.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t copy_octets = 1 << 20;
constexpr std::size_t compared_octets = 64 * 1024;
constexpr std::size_t digits = 12;
constexpr const char* unfinished = ".part";

template <class Number>
std::optional<Number> decimal(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

fs::path staging_folder(const fs::path& store) {
  return store / "backup" / "active";
}

Result<std::vector<std::uint32_t>> folders_up_to(Disk& disk, const fs::path& store, std::uint32_t volume) {
  const auto names = disk.list(staging_folder(store));
  if (!names) return tl::unexpected(names.error());
  std::vector<std::uint32_t> found;
  for (const auto& name : *names) {
    const auto number = decimal<std::uint32_t>(name);
    if (number && name.size() == 8 && *number <= volume) found.push_back(*number);
  }
  return found;
}

// One volume's staged segments, and the volume they are of.
class Staging {
 public:
  Staging(Disk& disk, const fs::path& store, const StageOptions& options, const File& volume)
      : disk_(disk), options_(options), volume_(volume), folder_(active_folder(store, options.end.volume)) {}

  Result<void> run() {
    if (auto made = make(); !made) return made;
    if (auto kept = keep_what_is_ours(); !kept) return kept;
    const auto from = segments_.empty() ? 0 : segments_.back().end;
    if (from == options_.end.offset) return {};
    if (segments_.size() < segments_max) return copy({from, options_.end.offset});
    // From the volume, not from the segments: the same octets, and they were synced longer ago. The others go
    // when it has its name; a crash between leaves both, and the longest from a place is the one that counts.
    if (auto joined = copy({0, options_.end.offset}); !joined) return joined;
    return remove_all_but({{0, options_.end.offset}});
  }

 private:
  // Its name and those above it are as durable as what is in it.
  Result<void> make() {
    if (disk_.list(folder_)) return {};
    if (auto made = disk_.make_folder(folder_); !made) return made;
    const auto active = folder_.parent_path(), backup = active.parent_path();
    for (const auto& above : {active, backup, backup.parent_path()})
      if (auto synced = disk_.sync_folder(above); !synced) return synced;
    return {};
  }

  // Of what lies there, the chain of segments from 0; everything else goes: unfinished copies, segments that
  // were joined, all of them when they are not of this volume.
  Result<void> keep_what_is_ours() {
    auto names = disk_.list(folder_);
    if (!names) return tl::unexpected(names.error());
    segments_ = chain(*names);
    auto same = options_.afresh ? Result<bool>(false) : is_of_this_volume();
    if (!same) return tl::unexpected(same.error());
    if (!*same) segments_.clear();
    return remove_all_but(segments_);
  }

  static std::vector<Segment> chain(const std::vector<std::string>& names) {
    std::vector<Segment> all, kept;
    for (const auto& name : names)
      if (const auto segment = Segment::from_name(name)) all.push_back(*segment);
    for (std::uint64_t at = 0;; at = kept.back().end) {
      std::optional<Segment> longest;
      for (const auto& segment : all)
        if (segment.begin == at && (!longest || segment.end > longest->end)) longest = segment;
      if (!longest) return kept;
      kept.push_back(*longest);
    }
  }

  // The last octets staged are those of the volume. They hold a chain value, so then all before them are too.
  Result<bool> is_of_this_volume() const {
    if (segments_.empty()) return true;
    const auto& last = segments_.back();
    if (last.end > options_.end.offset) return false;
    auto file = disk_.open_read(folder_ / last.name());
    if (!file) return tl::unexpected(file.error());
    const auto size = (*file)->size();
    if (!size) return tl::unexpected(size.error());
    if (*size != last.end - last.begin) return false;
    const auto count = std::min<std::uint64_t>(compared_octets, *size);
    auto staged = read(**file, *size - count, count);
    if (!staged) return tl::unexpected(staged.error());
    auto stored = read(volume_, last.end - count, count);
    if (!stored) return tl::unexpected(stored.error());
    return *staged == *stored;
  }

  static Result<std::string> read(const File& file, std::uint64_t offset, std::uint64_t count) {
    std::string octets(static_cast<std::size_t>(count), '\0');
    const auto got = file.read_at(octets, offset);
    if (!got) return tl::unexpected(got.error());
    octets.resize(*got);
    return octets;
  }

  Result<void> remove_all_but(const std::vector<Segment>& kept) {
    auto names = disk_.list(folder_);
    if (!names) return tl::unexpected(names.error());
    for (const auto& name : *names) {
      const auto segment = Segment::from_name(name);
      if (segment && std::find(kept.begin(), kept.end(), *segment) != kept.end()) continue;
      if (auto removed = disk_.remove(folder_ / name); !removed) return removed;
    }
    return {};
  }

  // Under another name until it is whole and synced: a segment that has its name is never torn.
  Result<void> copy(Segment segment) {
    if (!options_.has_room(segment.end - segment.begin))
      return fail(ErrorKind::no_space,
                  "no room to copy " + std::to_string(segment.end - segment.begin) +
                      " octets for the backup into " + folder_.string() +
                      ": the file system is down to the reserve (store.reserve_percent); make room there");
    const auto path = folder_ / (segment.name() + unfinished);
    auto file = disk_.create(path);
    if (!file) return tl::unexpected(file.error());
    if (auto copied = copy_octets_to(**file, segment); !copied) return copied;
    if (auto synced = (*file)->sync(); !synced) return synced;
    if (auto renamed = disk_.rename(path, folder_ / segment.name()); !renamed) return renamed;
    return disk_.sync_folder(folder_);
  }

  Result<void> copy_octets_to(File& file, Segment segment) const {
    for (auto at = segment.begin; at < segment.end;) {
      auto octets = read(volume_, at, std::min<std::uint64_t>(copy_octets, segment.end - at));
      if (!octets) return tl::unexpected(octets.error());
      if (octets->empty())
        return fail(ErrorKind::damaged, "volume " + std::to_string(options_.end.volume) +
                                            " is shorter than what was acknowledged; run guichet verify");
      const iovec piece{octets->data(), octets->size()};
      if (auto wrote = file.write_at({&piece, 1}, at - segment.begin); !wrote) return wrote;
      at += octets->size();
    }
    return {};
  }

  Disk& disk_;
  const StageOptions& options_;
  const File& volume_;
  const fs::path folder_;
  std::vector<Segment> segments_;
};

}  // namespace

std::string Segment::name() const {
  std::array<char, 2 * digits + 16> text{};
  std::snprintf(text.data(), text.size(), "%012llu-%012llu", static_cast<unsigned long long>(begin),
                static_cast<unsigned long long>(end));
  return text.data();
}

std::optional<Segment> Segment::from_name(std::string_view name) {
  if (name.size() != 2 * digits + 1 || name[digits] != '-') return std::nullopt;
  const auto begin = decimal<std::uint64_t>(name.substr(0, digits));
  const auto end = decimal<std::uint64_t>(name.substr(digits + 1));
  if (!begin || !end || *begin >= *end) return std::nullopt;
  return Segment{*begin, *end};
}

fs::path active_folder(const fs::path& store, std::uint32_t volume) {
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "%08u", volume);
  return staging_folder(store) / name.data();
}

Result<Staged> stage(Disk& disk, const fs::path& store, const StageOptions& options) {
  if (auto made = disk.make_folder(staging_folder(store)); !made) return tl::unexpected(made.error());
  if (options.end.volume == 0) return Staged{};
  auto volume = disk.open_read(volume_file(store, options.end.volume));
  if (!volume) return tl::unexpected(volume.error());
  const auto sealed = (*volume)->is_read_only();
  if (!sealed) return tl::unexpected(sealed.error());
  const auto sealed_through = *sealed ? options.end.volume : options.end.volume - 1;
  if (!*sealed)
    if (auto copied = Staging(disk, store, options, **volume).run(); !copied)
      return tl::unexpected(copied.error());
  auto old = folders_up_to(disk, store, sealed_through);
  if (!old) return tl::unexpected(old.error());
  return Staged{sealed_through, std::move(*old)};
}

Result<void> drop(Disk& disk, const fs::path& store, const std::vector<std::uint32_t>& volumes) {
  for (const auto volume : volumes) {
    const auto folder = active_folder(store, volume);
    const auto names = disk.list(folder);
    if (!names) return tl::unexpected(names.error());
    for (const auto& name : *names)
      if (auto removed = disk.remove(folder / name); !removed) return removed;
    if (auto removed = disk.remove(folder); !removed) return removed;
  }
  return {};
}

}  // namespace guichet::store
