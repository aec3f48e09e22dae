#include "store/repair.h"

#include <algorithm>
#include <map>
#include <set>

#include "store/lineage.h"
#include "store/scan.h"
#include "store/scrub_state.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_octets = 1 << 20;
constexpr std::string_view from_copy =
    "from another copy of the volume: guichet repair --restore-from REPOSITORY, or a folder with a copy of "
    "the store";

Result<void> no_visit(const ScannedRecord&) {
  return {};
}

// --- The plan ------------------------------------------------------------------------------------------

class Planning {
 public:
  explicit Planning(const Archive& archive) : archive_(archive) {
    if (auto index = IndexReader::open(index_file(archive.folder()))) index_ = std::move(*index);
  }

  RepairPlan run(const VerifyReport& report) {
    std::set<std::uint32_t> volumes;
    for (const auto& finding : report.findings) {
      if (finding.kind != FindingKind::damage) continue;
      if (finding.place.volume != 0) volumes.insert(finding.place.volume);
      plan_.remedies.push_back({finding, remedy(finding)});
    }
    add_missing(volumes);
    plan_.volumes.assign(volumes.begin(), volumes.end());
    return std::move(plan_);
  }

 private:
  std::string remedy(const Finding& finding) {
    if (finding.place.volume != 0) return std::string(of_record(finding.place)).append(from_copy);
    if (finding.where == "index") {
      plan_.index = true;
      return "from the volumes: guichet index rebuild";
    }
    plan_.in_hand = false;
    return "nothing is known of where; see that the file can be read";
  }

  // What the damaged record itself still tells of where else its octets are.
  std::string of_record(Place place) {
    const auto header = header_at(place);
    if (!header) return "";
    if (header->type == RecordType::metadata && header->refers_to && index_)
      if (const auto row = index_->message({*header->refers_to}); row && *row)
        return "the index still knows what message " + header->refers_to->text() +
               " was delivered as, and serves it; the record itself ";
    if (header->type != RecordType::resource) return "";
    const auto other = other_body(*header, place);
    if (!other) return "its octets are in no other record; ";
    return "its octets are also in " + where(other->volume) + " before " +
           std::to_string(other->offset + other->size_octets) + " (guichet raw " +
           header->block_digest.hex().substr(0, 16) + "), and served from there; the record itself ";
  }

  std::optional<RecordHeader> header_at(Place place) const {
    const auto file = archive_.open(place.volume);
    if (!file) return std::nullopt;
    std::string octets(header_octets_max, '\0');
    octets.resize((*file)->read_at(octets, place.offset).value_or(0));
    const auto decoded = decode_header(octets, Digest{});
    return decoded ? std::optional(decoded->header) : std::nullopt;
  }

  // The index knows the newest record of a digest; that it is sound is seen by reading it.
  std::optional<BodyPlace> other_body(const RecordHeader& header, Place place) {
    if (!index_) return std::nullopt;
    const auto row = index_->body(header.block_digest);
    if (!row || !*row || (*row)->message == header.target.value_or(MessageId{})) return std::nullopt;
    if ((*row)->begin() < place || !archive_.check(**row, header.block_digest)) return std::nullopt;
    return **row;
  }

  // Verify names the first of several that are missing.
  void add_missing(std::set<std::uint32_t>& volumes) const {
    const auto there = archive_.all_volumes();
    if (!there) return;
    std::map<std::uint32_t, std::uint32_t> last;  // of each chain
    for (const auto& volume : *there) {
      auto& known = last.try_emplace(lineage_of(volume.number), lineage_of(volume.number) * lineage_stride)
                        .first->second;
      for (++known; known < volume.number; ++known)
        volumes.insert(known);
    }
  }

  const Archive& archive_;
  std::unique_ptr<IndexReader> index_;
  RepairPlan plan_;
};

// --- One volume ----------------------------------------------------------------------------------------

struct Range {
  std::uint64_t here = 0;   // where the record stands
  std::uint64_t there = 0;  // where it says that it belongs
  std::uint64_t octets = 0;
  Uuid warcinfo_id;
  std::uint64_t blank_begin = 0, blank_end = 0;  // there: the block, when it was erased here
};

// What can be relied on in a volume that is damaged.
struct Sound {
  std::vector<Range> records;
  std::optional<Uuid> warcinfo_id;  // that most records name
};

// The first record of a volume, when it is sound. Not from the archive's open files: a volume may have been
// replaced since.
std::optional<VolumeInfo> info_of(const Archive& archive, std::uint32_t volume) {
  const auto file = archive.disk().open_read(volume_file(archive.folder(), volume));
  if (!file) return std::nullopt;
  std::optional<VolumeInfo> info;
  std::string octets(2 * header_octets_max, '\0');
  octets.resize((*file)->read_at(octets, 0).value_or(0));
  const auto head = decode_header(octets, Digest{});
  if (!head || head->header.type != RecordType::warcinfo) return std::nullopt;
  ScanOptions options;
  options.until = head->octets + head->header.content_length + record_end.size();
  const auto scan = scan_volume(**file, volume, options, [&info](const ScannedRecord& record) {
    if (const auto decoded = decode_volume_info(record.block)) info = *decoded;
    return Result<void>();
  });
  if (!scan || !scan->flaws.empty() || !info || info->volume != number_in_lineage(volume))
    return std::nullopt;
  return info;
}

class Restoring {
 public:
  Restoring(const Archive& archive, std::uint32_t volume, VolumeSource& source,
            const std::set<Place>& not_erased)
      : archive_(archive), disk_(archive.disk()), volume_(volume), source_(source), not_erased_(not_erased) {}

  Result<void> run() {
    auto done = clear();
    if (done) done = look_at_ours();
    if (done) done = fetch();
    if (done) done = make_fresh();
    if (done) done = erase_again();
    if (done) done = swap();
    (void)disk_.remove(fresh_path());
    (void)clear();
    return done;
  }

 private:
  fs::path path() const { return volume_file(archive_.folder(), volume_); }
  fs::path fresh_path() const { return path().concat(".new"); }
  fs::path scratch() const { return scrub_folder(archive_.folder()) / "fetched"; }

  Result<void> clear() {
    (void)disk_.remove(fresh_path());
    // A source may have made folders of its own here; nothing else is in this one.
    std::error_code ignored;
    fs::remove_all(scratch(), ignored);
    return disk_.make_folder(scratch());
  }

  Result<void> look_at_ours() {
    const auto ours = disk_.open_read(path());
    if (!ours) return ours.error().kind == ErrorKind::absent ? Result<void>() : tl::unexpected(ours.error());
    return sound_part(**ours).map([this](Sound sound) { sound_ = std::move(sound); });
  }

  // --- The new volume ---

  Result<void> fetch() {
    const auto fetched = source_.fetch(volume_, scratch());
    if (!fetched) return tl::unexpected(fetched.error());
    fetched_ = *fetched;
    return {};
  }

  // What was fetched; if it is not that alone, with what is here behind it: the copy may have been made
  // before the volume was full.
  Result<void> make_fresh() {
    auto alone = assemble(false).and_then([this] { return prove(); });
    if (alone) return alone;
    (void)disk_.remove(fresh_path());
    const auto joined = assemble(true).and_then([this] { return prove(); });
    return joined ? joined : alone;
  }

  Result<void> assemble(bool with_the_rest) {
    const auto copy = disk_.open_read(fetched_);
    if (!copy) return tl::unexpected(copy.error());
    auto fresh = disk_.create(fresh_path());
    if (!fresh) return tl::unexpected(fresh.error());
    std::uint64_t at = 0;
    if (auto copied = append_from(**copy, **fresh, at); !copied) return copied;
    if (with_the_rest)
      if (const auto ours = disk_.open_read(path()))
        if (auto copied = append_from(**ours, **fresh, at); !copied) return copied;
    if (auto blanked = blank(**fresh, at); !blanked) return blanked;
    return finish(**fresh);
  }

  // What was erased here is not in the copy, if that was made before.
  Result<void> blank(File& fresh, std::uint64_t length) const {
    const std::string spaces(piece_octets, ' ');
    for (const auto& range : sound_.records)
      for (auto at = range.blank_begin; at < std::min(range.blank_end, length);) {
        const auto count = std::min<std::uint64_t>(piece_octets, std::min(range.blank_end, length) - at);
        const iovec piece{const_cast<char*>(spaces.data()), static_cast<std::size_t>(count)};
        if (auto wrote = fresh.write_at({&piece, 1}, at); !wrote) return wrote;
        at += count;
      }
    return {};
  }

  // An erased block may itself be what is damaged here, and the copy brings it back. Before the copy is in
  // its place, so that no crash leaves it there for good.
  Result<void> erase_again() {
    const auto removed = disk_.remove(archive_.folder() / "erasures.done");
    if (!removed && removed.error().kind != ErrorKind::absent) return removed;
    return disk_.sync_folder(archive_.folder());
  }

  // From the same place on.
  static Result<void> append_from(const File& from, File& to, std::uint64_t& at) {
    const auto size = from.size();
    if (!size) return tl::unexpected(size.error());
    return append_octets(from, at, std::max(at, *size), to, at);
  }

  static Result<void> finish(File& file) {
    if (auto synced = file.sync(); !synced) return synced;
    if (auto marked = file.make_read_only(); !marked) return marked;
    return file.sync();
  }

  // --- Is it what it should be? ---

  Result<void> prove() {
    const auto fresh = disk_.open_read(fresh_path());
    if (!fresh) return tl::unexpected(fresh.error());
    std::optional<VolumeInfo> info;
    const auto whole = scan_volume(**fresh, volume_, {}, [&info](const ScannedRecord& record) {
      if (record.place.offset == 0)
        if (const auto decoded = decode_volume_info(record.block)) info = *decoded;
      return Result<void>();
    });
    if (!whole) return tl::unexpected(whole.error());
    if (!whole->flaws.empty())
      return refuse("is damaged at " + std::to_string(whole->flaws.front().place.offset) + " (" +
                    whole->flaws.front().text + ")");
    const auto size = (*fresh)->size();
    if (!info || !size || whole->end != *size) return refuse("is not whole");
    if (info->volume != number_in_lineage(volume_))
      return refuse("holds " + where(info->volume) + " under this name");
    return compare(**fresh, *whole, *info);
  }

  Result<void> compare(const File& fresh, const ScanResult& whole, const VolumeInfo& info) {
    proofs_ = 0;
    if (auto fits = follows_previous(info); !fits) return fits;
    if (auto fits = is_named_by_next(whole); !fits) return fits;
    if (auto fits = has_what_is_sound_here(fresh, whole); !fits) return fits;
    if (proofs_ > 0) return {};
    return refuse("may be that of another store: nothing sound is left here to compare it with");
  }

  Result<void> follows_previous(const VolumeInfo& info) {
    const auto number = number_in_lineage(volume_);
    if (number == 1 || info.previous_volume + 1 != number || !info_of(archive_, volume_ - 1)) return {};
    const auto before = disk_.open_read(volume_file(archive_.folder(), volume_ - 1));
    if (!before) return {};
    const auto scan = scan_volume(**before, volume_ - 1, {.read_bodies = false}, no_visit);
    if (!scan || !scan->flaws.empty()) return {};  // damaged itself, so it proves nothing
    // A length that differs may be the previous volume's damage; a chain that agrees is proof.
    if (scan->chain == info.previous_chain) ++proofs_;
    return {};
  }

  Result<void> is_named_by_next(const ScanResult& whole) {
    const auto next = info_of(archive_, volume_ + 1);
    if (!next) return {};
    if (next->previous_length != whole.end || next->previous_chain != whole.chain)
      return refuse("has " + std::to_string(whole.end) + " octets and does not end as " + where(volume_ + 1) +
                    " says of it (" + std::to_string(next->previous_length) + " octets)");
    ++proofs_;
    return {};
  }

  Result<void> has_what_is_sound_here(const File& fresh, const ScanResult& whole) {
    const auto ours = disk_.open_read(path());
    if (!ours) return ours.error().kind == ErrorKind::absent ? Result<void>() : tl::unexpected(ours.error());
    // Exchanged with another volume: what is here is not this one at all.
    if (is_another_volume(**ours)) return {};
    if (sound_.warcinfo_id && *sound_.warcinfo_id != whole.warcinfo_id)
      return refuse("is of another store: its warcinfo record is " + whole.warcinfo_id.text() +
                    ", the records here name " + sound_.warcinfo_id->text());
    for (const auto& range : sound_.records)
      if (!equal(**ours, fresh, range))
        return refuse("lacks the sound record that is here at " + std::to_string(range.here));
    if (sound_.warcinfo_id) ++proofs_;
    return {};
  }

  bool is_another_volume(const File& ours) const {
    bool another = false;
    const Error enough{ErrorKind::stopped, ""};
    (void)scan_volume(
        ours, volume_, {.read_bodies = false}, [&](const ScannedRecord& record) -> Result<void> {
          const auto info = record.header.type == RecordType::warcinfo ? decode_volume_info(record.block)
                                                                       : tl::unexpected(enough);
          another = info && info->volume != number_in_lineage(volume_);
          return tl::unexpected(enough);
        });
    return another;
  }

  // Records without a flaw; those that stand elsewhere than they say must be where they say.
  Result<Sound> sound_part(const File& file) const {
    Sound sound;
    const auto scan = scan_volume(file, volume_, {}, [&](const ScannedRecord& record) {
      if (record.blank && not_erased_.contains(record.place)) return Result<void>();
      sound.records.push_back({.here = record.place.offset,
                               .there = record.header.offset,
                               .octets = record.end - record.place.offset,
                               .warcinfo_id = record.header.warcinfo_id});
      if (!record.blank) return Result<void>();
      auto& range = sound.records.back();
      range.blank_begin = record.header.offset + record.block_offset - record.place.offset;
      range.blank_end = range.blank_begin + record.header.content_length;
      return Result<void>();
    });
    if (!scan) return tl::unexpected(scan.error());
    std::erase_if(sound.records, [&scan](const Range& range) {
      return std::any_of(scan->flaws.begin(), scan->flaws.end(),
                         [&range](const Flaw& flaw) { return flaw.place.offset == range.here; });
    });
    sound.warcinfo_id = most_named(sound.records);
    return sound;
  }

  static std::optional<Uuid> most_named(const std::vector<Range>& records) {
    std::map<Uuid, std::uint64_t> ids;
    for (const auto& record : records)
      ++ids[record.warcinfo_id];
    const auto most = std::max_element(ids.begin(), ids.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == ids.end() ? std::nullopt : std::optional(most->first);
  }

  static bool equal(const File& ours, const File& fresh, const Range& range) {
    std::string a, b;
    for (std::uint64_t done = 0; done < range.octets; done += a.size()) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, range.octets - done));
      a.resize(count), b.resize(count);
      if (ours.read_at(a, range.here + done).value_or(0) != count) return false;
      if (fresh.read_at(b, range.there + done).value_or(0) != count || a != b) return false;
    }
    return true;
  }

  // --- Into its place ---

  // The damaged one is copied, not moved: at no moment may there be no volume of this number, or a start
  // after a power cut would take it for one that never was. Only one that cannot be read is moved.
  Result<void> swap() {
    if (auto kept = keep_damaged(); !kept) return kept;
    if (auto renamed = disk_.rename(fresh_path(), path()); !renamed) return renamed;
    return disk_.sync_folder(path().parent_path());
  }

  Result<void> keep_damaged() {
    const auto ours = disk_.open_read(path());
    if (!ours) return ours.error().kind == ErrorKind::absent ? Result<void>() : tl::unexpected(ours.error());
    const auto aside = free_name();
    if (!aside) return tl::unexpected(aside.error());
    if (copy_aside(**ours, *aside)) return disk_.sync_folder(path().parent_path());
    (void)disk_.remove(*aside);
    return disk_.rename(path(), *aside);
  }

  Result<void> copy_aside(const File& ours, const fs::path& aside) {
    auto copy = disk_.create(aside);
    if (!copy) return tl::unexpected(copy.error());
    std::uint64_t at = 0;
    if (auto copied = append_from(ours, **copy, at); !copied) return copied;
    return finish(**copy);
  }

  // One that was put aside earlier stays.
  Result<fs::path> free_name() const {
    const auto names = disk_.list(path().parent_path());
    if (!names) return tl::unexpected(names.error());
    const auto first = path().concat(".damaged");
    auto name = first;
    for (int number = 2; std::find(names->begin(), names->end(), name.filename()) != names->end(); ++number)
      name = fs::path(first).concat("." + std::to_string(number));
    return name;
  }

  tl::unexpected<Error> refuse(const std::string& why) const {
    return fail(ErrorKind::damaged, where(volume_) + " from " + source_.name() + " " + why +
                                        "; nothing was changed, try another copy");
  }

  const Archive& archive_;
  Disk& disk_;
  const std::uint32_t volume_;
  VolumeSource& source_;
  const std::set<Place>& not_erased_;
  fs::path fetched_;
  Sound sound_;  // what is here
  int proofs_ = 0;
};

}  // namespace

RepairPlan plan_repair(const Archive& archive, const VerifyReport& report) {
  return Planning(archive).run(report);
}

Result<void> restore_volume(const Archive& archive, std::uint32_t volume, VolumeSource& source,
                            const std::set<Place>& not_erased) {
  return Restoring(archive, volume, source, not_erased).run();
}

std::vector<Restored> restore_volumes(const Archive& archive, const RepairPlan& plan, VolumeSource& source) {
  std::vector<Restored> all;
  for (const auto volume : plan.volumes)
    all.push_back({volume, fail(ErrorKind::damaged, "not tried")});
  std::set<Place> not_erased;
  for (const auto& remedy : plan.remedies)
    not_erased.insert(remedy.damage.place);
  for (bool progress = true; progress;) {
    progress = false;
    for (auto& [volume, done] : all) {
      if (done) continue;
      done = restore_volume(archive, volume, source, not_erased);
      progress = progress || done.has_value();
    }
  }
  return all;
}

}  // namespace guichet::store
