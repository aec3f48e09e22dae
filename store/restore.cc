#include "store/restore.h"

#include <algorithm>
#include <set>

#include "store/index.h"
#include "store/lineage.h"
#include "store/marks.h"
#include "store/projection.h"
#include "store/recovery.h"
#include "store/refusal_volumes.h"
#include "store/scan.h"
#include "store/staged.h"
#include "store/store.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t copy_octets = 1 << 20;

Result<std::string> read_text(Disk& disk, const fs::path& path) {
  auto file = disk.open_read(path);
  if (!file) return tl::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  std::string text(static_cast<std::size_t>(*size), '\0');
  const auto got = (*file)->read_at(text, 0);
  if (!got) return tl::unexpected(got.error());
  text.resize(*got);
  return text;
}

Result<void> write_text(Disk& disk, const fs::path& path, const std::string& text) {
  auto file = disk.create(path);
  if (!file) return tl::unexpected(file.error());
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  return (*file)->write_durably({&piece, 1}, 0);
}

// Appends octets [from, to) of `source` at `at`.
Result<void> copy(const File& source, std::uint64_t from, std::uint64_t to, File& target, std::uint64_t at) {
  std::string buffer(copy_octets, '\0');
  while (from < to) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(copy_octets, to - from));
    const auto got = source.read_at(std::span(buffer).first(count), from);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::damaged, "a file became shorter while it was copied");
    const iovec piece{buffer.data(), *got};
    if (auto wrote = target.write_at({&piece, 1}, at); !wrote) return wrote;
    from += *got;
    at += *got;
  }
  return {};
}

// Durable, then marked: who finds the mark relies on the octets.
Result<void> seal(File& file) {
  if (auto synced = file.sync(); !synced) return synced;
  if (auto marked = file.make_read_only(); !marked) return marked;
  return file.sync();
}

// Where the volume ends as of `at`: before the first batch of which a record is dated later.
Result<std::uint64_t> end_as_of(const File& file, std::uint32_t number, Instant at) {
  std::uint64_t batch = UINT64_MAX, batch_begin = 0;
  std::optional<std::uint64_t> cut;
  const auto look = [&](const ScannedRecord& record) -> Result<void> {
    if (record.header.batch != batch) batch_begin = record.place.offset;
    batch = record.header.batch;
    if (!cut && record.header.date > at) cut = batch_begin;
    return {};
  };
  const auto scan = scan_volume(file, number, {.read_bodies = false}, look);
  if (!scan) return tl::unexpected(scan.error());
  if (cut) return *cut;
  return file.size();
}

class Assembly {
 public:
  Assembly(Disk& disk, const AssembleOptions& options) : disk_(disk), options_(options) {}

  Result<Assembled> run() {
    if (auto ours = check_source(); !ours) return tl::unexpected(ours.error());
    for (const auto* name : {"volumes", "spool", "index"})
      if (auto made = disk_.make_folder(options_.to / name); !made) return tl::unexpected(made.error());
    return volumes()
        .and_then([this] { return erasures(); })
        .and_then([this] { return refusals(); })
        .and_then([this] { return disk_.sync_folder(options_.to / "volumes"); })
        .and_then([this] { return copy_format(); })
        .and_then([this] { return disk_.sync_folder(options_.to); })
        .map([this] { return std::move(result_); });
  }

 private:
  Result<void> check_source() {
    auto ours = check_folder(disk_, options_.from);
    if (!ours && ours.error().kind == ErrorKind::absent)
      return fail(ErrorKind::absent, options_.from.string() + " holds no store: there is no `format` in it");
    return ours;
  }

  Result<void> volumes() {
    const Archive source(disk_, options_.from);
    const auto own = source.volumes();
    const auto merged = source.merged_volumes();
    if (!own || !merged) return tl::unexpected(own ? merged.error() : own.error());
    for (const auto& volume : *merged)
      if (auto taken = take(volume, false); !taken) return taken;
    for (const auto& volume : *own)
      if (auto taken = take(volume, volume.number == own->back().number); !taken) return taken;
    return staged(own->empty() ? 0 : own->back().number);
  }

  // Of a volume that the snapshot holds sealed as well, the staged part says nothing new.
  Result<void> staged(std::uint32_t last_sealed) {
    auto parts = staged_volumes(disk_, options_.from);
    if (!parts) return tl::unexpected(parts.error());
    for (const auto& part : *parts) {
      if (part.number <= last_sealed || ended_.contains(0)) continue;
      if (auto taken = take_staged(part); !taken) return taken;
    }
    return {};
  }

  Result<void> take(const VolumeName& volume, bool is_last) {
    if (ended_.contains(lineage_of(volume.number))) return {};
    auto file = disk_.open_read(volume.path);
    if (!file) return tl::unexpected(file.error());
    const auto size = (*file)->size();
    const auto sealed = (*file)->is_read_only();
    if (!size || !sealed) return tl::unexpected(size ? sealed.error() : size.error());
    const auto end = options_.at ? end_as_of(**file, volume.number, *options_.at) : size;
    if (!end) return tl::unexpected(end.error());
    if (*end < *size) ended_.insert(lineage_of(volume.number));
    if (*end == 0 && *size > 0) return {};
    const bool leave_open = is_last && (!*sealed || *end < *size);
    const auto target = volume_file(options_.to, volume.number);
    count(*end);
    if (options_.may_move && *end == *size && !leave_open) return move(volume.path, target);
    return copy_volume(**file, *end, target, leave_open);
  }

  Result<void> move(const fs::path& from, const fs::path& to) {
    if (auto renamed = disk_.rename(from, to); !renamed) return renamed;
    auto file = disk_.open_read(to);
    if (!file) return tl::unexpected(file.error());
    return seal(**file);
  }

  Result<void> copy_volume(const File& source, std::uint64_t end, const fs::path& to, bool leave_open) {
    auto file = disk_.create(to);
    if (!file) return tl::unexpected(file.error());
    if (auto copied = copy(source, 0, end, **file, 0); !copied) return copied;
    return leave_open ? (*file)->sync() : seal(**file);
  }

  Result<void> take_staged(const StagedVolume& part) {
    const auto target = volume_file(options_.to, part.number);
    auto file = disk_.create(target);
    if (!file) return tl::unexpected(file.error());
    for (const auto& segment : part.segments) {
      auto source = disk_.open_read(segment.path);
      if (!source) return tl::unexpected(source.error());
      const auto skip = segment.from - segment.begin;
      if (auto copied = copy(**source, skip, segment.end - segment.begin, **file, segment.from); !copied)
        return copied;
    }
    for (const auto& flaw : part.flaws)
      result_.findings.push_back({FindingKind::damage, where(part.number), flaw});
    return cut_staged(**file, part.number, target);
  }

  // It stays open for recovery: the last batch may be whole or not, and recovery can tell.
  Result<void> cut_staged(File& file, std::uint32_t number, const fs::path& target) {
    const auto size = file.size();
    if (!size) return tl::unexpected(size.error());
    const auto end = options_.at ? end_as_of(file, number, *options_.at) : size;
    if (!end) return tl::unexpected(end.error());
    if (*end < *size) ended_.insert(0);
    if (*end == 0) return disk_.remove(target);
    count(*end);
    if (auto cut = file.truncate(*end); !cut) return cut;
    return file.sync();
  }

  void count(std::uint64_t octets) {
    ++result_.volumes;
    result_.octets += octets;
  }

  Result<void> erasures() {
    auto text = options_.erasures ? Result<std::string>(*options_.erasures)
                                  : read_text(disk_, options_.from / "erasures.jsonl");
    if (!text && text.error().kind == ErrorKind::absent) return {};
    if (!text) return tl::unexpected(text.error());
    return write_text(disk_, options_.to / "erasures.jsonl", *text);
  }

  // As they are: their ends may be torn, as a crash leaves them.
  Result<void> refusals() {
    const auto volumes = refusal_volumes(disk_, options_.from);
    if (!volumes) return tl::unexpected(volumes.error());
    if (volumes->empty()) return {};
    const auto folder = options_.to / volumes->front().path.parent_path().filename();
    if (auto made = disk_.make_folder(folder); !made) return made;
    for (const auto& volume : *volumes) {
      auto file = disk_.open_read(volume.path);
      if (!file) return tl::unexpected(file.error());
      const auto end = options_.at ? end_as_of(**file, volume.number, *options_.at) : (*file)->size();
      if (!end) return tl::unexpected(end.error());
      if (*end == 0) continue;
      if (auto copied = copy_volume(**file, *end, folder / volume.path.filename(), true); !copied)
        return copied;
    }
    return disk_.sync_folder(folder);
  }

  Result<void> copy_format() {
    const auto text = read_text(disk_, options_.from / "format");
    if (!text) return tl::unexpected(text.error());
    return write_text(disk_, options_.to / "format", *text);
  }

  Disk& disk_;
  const AssembleOptions& options_;
  Assembled result_;
  std::set<std::uint32_t> ended_;  // lineages of which all that comes later is left out
};

// What an earlier try left; not the mark, nor the lock, and the index is made anew anyway.
Result<void> remove_leftovers(Disk& disk, const fs::path& to) {
  for (const auto* folder : {"volumes", "refusals"})
    if (const auto files = disk.list(to / folder))
      for (const auto& name : *files)
        if (auto removed = disk.remove(to / folder / name); !removed) return removed;
  for (const auto* name : {"format", "erasures.jsonl", "erasures.done", detached_mark}) {
    auto removed = disk.remove(to / name);
    if (!removed && removed.error().kind != ErrorKind::absent) return removed;
  }
  return {};
}

Result<void> refuse_filled(const fs::path& to, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (name != "lock" && name != "lost+found")
      return fail(ErrorKind::foreign, to.string() + " is not empty (there is \"" + name +
                                          "\"); restore into an empty folder, or with --merge into the "
                                          "configured store");
  return {};
}

Result<void> make_index(const Archive& archive, const Alarm& alarm) {
  auto index = Index::open(index_file(archive.folder()));
  if (!index) return tl::unexpected(index.error());
  return rebuild(**index, archive, everything, alarm);
}

// A start of the store does it: what the journal names and the volumes still hold is erased, before anybody
// has seen it.
Result<void> erase_again(Disk& disk, const fs::path& to, const Alarm& alarm) {
  const auto clock = real_clock();
  const auto ids = random_ids();
  auto opened = Store::open({.path = to, .prepare_octets = 0, .restoring = true, .reserve_percent = 0}, disk,
                            *clock, *ids, alarm);
  return opened ? Result<void>() : tl::unexpected(opened.error());
}

}  // namespace

Result<std::unique_ptr<FolderLock>> begin_restore(Disk& disk, const fs::path& to,
                                                  const std::string& mark_text) {
  const auto names = disk.list(to);
  if (!names && names.error().kind != ErrorKind::absent) return tl::unexpected(names.error());
  const bool again = names && std::find(names->begin(), names->end(), restoring_mark) != names->end();
  if (names && !again)
    if (auto empty = refuse_filled(to, *names); !empty) return tl::unexpected(empty.error());
  if (!again)
    if (auto made = make_folder(disk, to); !made) return tl::unexpected(made.error());
  auto lock = disk.lock(to / "lock");
  if (!lock) return lock;
  if (auto marked = set_mark(disk, to, restoring_mark, mark_text); !marked)
    return tl::unexpected(marked.error());
  if (auto removed = remove_leftovers(disk, to); !removed) return tl::unexpected(removed.error());
  return lock;
}

Result<Assembled> assemble(Disk& disk, const AssembleOptions& options) {
  return Assembly(disk, options).run();
}

Result<VerifyReport> complete_restore(Disk& disk, const fs::path& to, const Completion& completion,
                                      const Alarm& alarm) {
  const Archive archive(disk, to);
  if (auto tip = seal_last_volume(archive, alarm); !tip) return tl::unexpected(tip.error());
  const bool erases = disk.open_read(to / "erasures.jsonl").has_value();
  if (completion.with_index || erases)
    if (auto built = make_index(archive, alarm); !built) return tl::unexpected(built.error());
  if (erases)
    if (auto erased = erase_again(disk, to, alarm); !erased) return tl::unexpected(erased.error());
  return verify(Archive(disk, to), completion.verify);
}

Result<void> end_restore(Disk& disk, const fs::path& to) {
  return clear_mark(disk, to, restoring_mark);
}

}  // namespace guichet::store
