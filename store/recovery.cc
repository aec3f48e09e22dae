#include "store/recovery.h"

#include <algorithm>
#include <array>

#include "store/durable_folder.h"
#include "store/marks.h"
#include "store/scan.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_text = "guichet-store 1\n";
constexpr std::size_t copy_octets = 1 << 20;

Result<void> no_visit(const ScannedRecord&) {
  return {};
}

std::string describe(const Place& place) {
  return "volume " + std::to_string(place.volume) + " at " + std::to_string(place.offset);
}

Result<std::string> read_whole(const File& file, std::size_t octets_max) {
  std::string text(octets_max, '\0');
  const auto got = file.read_at(text, 0);
  if (!got) return tl::unexpected(got.error());
  text.resize(*got);
  return text;
}

Result<void> write_format(Disk& disk, const fs::path& store) {
  const auto fresh = store / "format.new";
  (void)disk.remove(fresh);
  auto file = disk.create(fresh);
  if (!file) return tl::unexpected(file.error());
  const iovec piece{const_cast<char*>(format_text.data()), format_text.size()};
  if (auto wrote = (*file)->write_durably({&piece, 1}, 0); !wrote) return wrote;
  if (auto renamed = disk.rename(fresh, store / "format"); !renamed) return renamed;
  return disk.sync_folder(store);
}

Result<void> check_format(const File& file, const fs::path& store) {
  const auto text = read_whole(file, 256);
  if (!text) return tl::unexpected(text.error());
  if (*text == format_text) return {};
  const auto line = text->substr(0, text->find('\n'));
  return fail(ErrorKind::foreign, store.string() + ": the store's format is \"" + line +
                                      "\", this release reads \"" +
                                      std::string(format_text.substr(0, format_text.size() - 1)) +
                                      "\"; nothing was touched, use the release that wrote it");
}

// The names that a store may hold; "lock" is there before the format is.
bool known_name(const std::string& name) {
  // "lost+found" is in the root of a file system of its own, which is a fine place for a store.
  static const auto known = std::to_array<std::string_view>(
      {"format", "format.new", "lock", "volumes", "spool", "index", "control.sock", "scrub", "backup",
       "erasures.jsonl", "refusals", "greylist.sqlite", "samples", "quarantine.digest", "lost+found"});
  return std::find(known.begin(), known.end(), name) != known.end();
}

Result<void> check_empty(Disk& disk, const fs::path& store) {
  const auto names = disk.list(store);
  if (!names) return names.error().kind == ErrorKind::absent ? Result<void>() : tl::unexpected(names.error());
  for (const auto& name : *names)
    if (!known_name(name))
      return fail(ErrorKind::foreign, store.string() + " is not a Guichet store and not empty (there is \"" +
                                          name + "\"); give store.path a folder of its own");
  return {};
}

// What is there, without touching it: true for a store of this format, false for nothing yet.
Result<bool> look(Disk& disk, const fs::path& store) {
  auto file = disk.open_read(store / "format");
  if (file) return check_format(**file, store).map([] { return true; });
  if (file.error().kind != ErrorKind::absent) return tl::unexpected(file.error());
  return check_empty(disk, store).map([] { return false; });
}

// Everything from `cut` on, trailing zeros left out, into <volume>.torn.
Result<void> save_tail(Disk& disk, const File& file, std::uint64_t cut, const fs::path& volume) {
  const auto size = file.size();
  if (!size) return tl::unexpected(size.error());
  auto torn_path = volume;
  torn_path += ".torn";
  (void)disk.remove(torn_path);  // of an earlier try at this very recovery
  auto torn = disk.create(torn_path);
  if (!torn) return tl::unexpected(torn.error());
  std::string buffer(copy_octets, '\0');
  std::uint64_t length = 0;
  for (auto at = cut; at < *size;) {
    const auto got = file.read_at(buffer, at);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    const iovec piece{buffer.data(), *got};
    if (auto wrote = (*torn)->write_at({&piece, 1}, at - cut); !wrote) return wrote;
    const auto last = std::string_view(buffer).substr(0, *got).find_last_not_of('\0');
    if (last != std::string_view::npos) length = at - cut + last + 1;
    at += *got;
  }
  if (auto cut_zeros = (*torn)->truncate(length); !cut_zeros) return cut_zeros;
  if (auto synced = (*torn)->sync(); !synced) return synced;
  return disk.sync_folder(volume.parent_path());
}

// Writes octets over themselves. After a failed sync the kernel holds octets that it calls clean and the disk
// never got; a restart would find them, sync them with success, and lose them when the cache lets go.
Result<void> write_again(File& file, std::uint64_t from, std::uint64_t to) {
  std::string buffer(copy_octets, '\0');
  for (auto at = from; at < to;) {
    const auto got = file.read_at(std::span(buffer).first(std::min<std::uint64_t>(copy_octets, to - at)), at);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::io, "a volume became shorter while it was read");
    const iovec piece{buffer.data(), *got};
    if (auto wrote = file.write_at({&piece, 1}, at); !wrote) return wrote;
    at += *got;
  }
  return {};
}

class Sealing {
 public:
  Sealing(const Archive& archive, const Alarm& alarm, const VolumeName& volume)
      : disk_(archive.disk()), alarm_(alarm), volume_(volume) {}

  // nullopt: the volume held no whole record and is gone.
  Result<std::optional<Tip>> run() {
    auto file = disk_.open_read(volume_.path);
    if (!file) return tl::unexpected(file.error());
    const auto sealed = (*file)->is_read_only();
    if (!sealed) return tl::unexpected(sealed.error());
    // A sealed volume cannot be torn: its bodies are verify's business, only the chain is needed here.
    auto scan = scan_volume(**file, volume_.number, {.read_bodies = !*sealed}, no_visit);
    if (!scan) return tl::unexpected(with_volume(scan.error()));
    if (*sealed) return report_damage(*scan, UINT64_MAX), Tip{volume_.number, scan->end, scan->chain};
    // Only now: a sealed volume cannot be opened for writing, except by root.
    file = disk_.open_write(volume_.path);
    if (!file) return tl::unexpected(file.error());
    return cut(**file, *scan);
  }

 private:
  // The last batch is kept when it is whole, else cut as one: it was not acknowledged.
  Result<std::optional<Tip>> cut(File& file, const ScanResult& scan) {
    const auto end = scan.last_batch_is_whole ? scan.last_batch_end : scan.last_batch_begin;
    if (end < scan.end || !scan.tail_is_zero) {
      if (auto saved = save_tail(disk_, file, end, volume_.path); !saved)
        return tl::unexpected(saved.error());
      alarm_(describe({volume_.number, end}) +
             ": what was being written when it stopped is cut off, and kept in " + volume_.path.string() +
             ".torn; it was never acknowledged");
    }
    if (end == 0) return discard();
    report_damage(scan, end);
    if (auto cut = file.truncate(end); !cut) return tl::unexpected(cut.error());
    if (auto again = write_again(file, std::min(scan.last_batch_begin, end), end); !again)
      return tl::unexpected(again.error());
    return seal(file);
  }

  // Synced before it is marked: who finds the mark relies on the octets.
  Result<std::optional<Tip>> seal(File& file) {
    if (auto synced = file.sync(); !synced) return tl::unexpected(synced.error());
    // Cut before records that were read: the chain value is that of the last one left.
    auto left = scan_volume(file, volume_.number, {.read_bodies = false}, no_visit);
    if (!left) return tl::unexpected(left.error());
    if (auto marked = file.make_read_only(); !marked) return tl::unexpected(marked.error());
    if (auto synced = file.sync(); !synced) return tl::unexpected(synced.error());
    return Tip{volume_.number, left->end, left->chain};
  }

  Result<std::optional<Tip>> discard() {
    if (auto removed = disk_.remove(volume_.path); !removed) return tl::unexpected(removed.error());
    if (auto synced = disk_.sync_folder(volume_.path.parent_path()); !synced)
      return tl::unexpected(synced.error());
    return std::optional<Tip>();
  }

  // Of what is left: the flaws of a tail that is cut off are no damage.
  void report_damage(const ScanResult& scan, std::uint64_t end) const {
    for (const auto& flaw : scan.flaws)
      if (flaw.place.offset < end)
        alarm_("damage in the archive, " + describe(flaw.place) + ": " + flaw.text + "; run guichet verify");
  }

  Error with_volume(Error error) const {
    error.text = volume_.path.string() + ": " + error.text;
    return error;
  }

  Disk& disk_;
  const Alarm& alarm_;
  const VolumeName& volume_;
};

}  // namespace

Result<void> check_folder(Disk& disk, const fs::path& store) {
  if (auto whole = refuse_restoring(disk, store); !whole) return whole;
  const auto file = disk.open_read(store / "format");
  if (file) return check_format(**file, store);
  if (file.error().kind != ErrorKind::absent) return tl::unexpected(file.error());
  return fail(ErrorKind::absent,
              "there is no store in " + store.string() + " (guichet run makes one; store.path says where)");
}

Result<void> make_folder(Disk& disk, const fs::path& store) {
  if (auto ours = look(disk, store); !ours) return tl::unexpected(ours.error());
  return make_folder_durably(disk, store);
}

Result<void> prepare_folder(Disk& disk, const fs::path& store) {
  const auto there = look(disk, store);
  if (!there) return tl::unexpected(there.error());
  if (!*there)
    if (auto written = write_format(disk, store); !written) return written;
  for (const auto* name : {"volumes", "spool", "index"})
    if (auto made = disk.make_folder(store / name); !made) return made;
  return disk.sync_folder(store);
}

Result<void> sweep_spool(Disk& disk, const fs::path& store) {
  const auto names = disk.list(store / "spool");
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names)
    if (auto removed = disk.remove(store / "spool" / name); !removed) return removed;
  return {};
}

Result<Tip> seal_last_volume(const Archive& archive, const Alarm& alarm) {
  auto volumes = archive.volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  for (; !volumes->empty(); volumes->pop_back()) {
    auto tip = Sealing(archive, alarm, volumes->back()).run();
    if (!tip) return tl::unexpected(tip.error());
    if (*tip) return **tip;
  }
  return Tip{};
}

}  // namespace guichet::store
