#include "store/verify.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "store/compare_index.h"
#include "store/elsewhere.h"
#include "store/erasure_journal.h"
#include "store/ledger.h"
#include "store/lineage.h"
#include "store/scan.h"

namespace guichet::store {
namespace {

constexpr std::string_view torn_ending = ".torn";
constexpr std::string_view damaged_mark = ".warc.damaged";  // store/repair.h

Result<void> no_visit(const ScannedRecord&) {
  return {};
}

// What was merged in first: facts of the store's own chain may be about it, never the other way round. So the
// volume that is being written comes last.
std::vector<VolumeName> in_order_of_reading(std::vector<VolumeName> volumes) {
  std::stable_partition(volumes.begin(), volumes.end(),
                        [](const VolumeName& volume) { return lineage_of(volume.number) != 0; });
  return volumes;
}

class Verification {
 public:
  Verification(const Archive& archive, const VerifyOptions& options)
      : archive_(archive), options_(options), ledger_(archive, report_.findings) {}

  Result<VerifyReport> run() {
    if (auto planned = plan(); !planned) return tl::unexpected(planned.error());
    if (auto named = name_other_files(); !named) return tl::unexpected(named.error());
    if (auto read = read_on(); !read) return tl::unexpected(read.error());
    compare();
    settle_late();
    if (options_.stop.stop_requested()) return fail(ErrorKind::stopped, "stopped");
    if (torn_) report_.findings.push_back(*torn_);
    count();
    return std::move(report_);
  }

 private:
  // Where reading goes on in a chain of volumes, and what is known of the volume read last.
  struct Position {
    std::uint32_t volume = 0;
    std::uint64_t offset = 0;
    std::optional<Digest> chain = std::nullopt;  // unset: begins at the warcinfo
    std::uint64_t length = 0;                    // of the file
    std::uint64_t last_record = 0;
    bool sound = true;  // no flaw so far
    bool sealed = false;
    bool begun = false;  // being read
    bool read = true;
    bool length_known = true, chain_known = true;
  };
  struct Lineage {
    Position at, before;
  };

  Result<void> plan() {
    const auto volumes = archive_.all_volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes)
      plans_.emplace(volume.number, options_.plan ? options_.plan(volume) : VolumePlan{});
    const bool part = std::any_of(plans_.begin(), plans_.end(), [](const auto& planned) {
      return planned.second.attention != Attention::read;
    });
    if (part) prepare_part();
    for (const auto& volume : *volumes)
      if (plan_of(volume.number).attention == Attention::read)
        if (const auto file = archive_.open(volume.number)) octets_total_ += (*file)->size().value_or(0);
    return {};
  }

  void prepare_part() {
    auto elsewhere = Elsewhere::open(archive_);
    if (elsewhere) {
      elsewhere_ = std::move(*elsewhere);
      return ledger_.look_elsewhere(elsewhere_.get());
    }
    note("index", "every volume is read, since " + elsewhere.error().text);
    plans_.clear();
  }

  // A volume that came later is one to read.
  VolumePlan plan_of(std::uint32_t number) const {
    const auto planned = plans_.find(number);
    return planned == plans_.end() ? VolumePlan{} : planned->second;
  }

  Result<void> name_other_files() {
    std::vector<std::string> foreign;
    const auto volumes = archive_.volumes(&foreign);
    auto all = archive_.disk().list(archive_.folder() / "volumes");
    if (!all && all.error().kind == ErrorKind::absent) all = std::vector<std::string>();
    if (!volumes || !all) return tl::unexpected(volumes ? all.error() : volumes.error());
    for (const auto& name : foreign)
      note(name, name.find(damaged_mark) != std::string::npos
                     ? "what a repair replaced; it may be removed when nothing in it is missed"
                     : "a foreign file among the volumes; it is not looked into");
    for (const auto& name : *all)
      if (name.ends_with(torn_ending))
        note(name,
             "what a crash left after the last whole record of its volume; nothing in it was ever "
             "acknowledged, " +
                 std::string("it may be removed"));
    return {};
  }

  // From where reading ended, to the present end of all volumes.
  Result<void> read_on() {
    const auto volumes = archive_.all_volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : in_order_of_reading(*volumes)) {
      chain_ = &lineages_[lineage_of(volume.number)];
      if (volume.number < chain_->at.volume) continue;
      const bool is_last = lineage_of(volume.number) == 0 && volume.number == last_own(*volumes);
      if (auto read = attend(volume.number, is_last); !read) return read;
    }
    return {};
  }

  static std::uint32_t last_own(const std::vector<VolumeName>& volumes) {
    std::uint32_t last = 0;
    for (const auto& volume : volumes)
      if (lineage_of(volume.number) == 0) last = std::max(last, volume.number);
    return last;
  }

  // Only a failure to go on at all is an error: a volume that cannot be read is a finding.
  Result<void> attend(std::uint32_t number, bool is_last) {
    if (number != at().volume) begin(number);
    const auto told = report_.findings.size();
    const auto plan = plan_of(number);
    if (plan.attention == Attention::none) {
      at().length_known = at().chain_known = at().read = false;
      ++report_.volumes_left_out;
      return {};
    }
    const auto file = archive_.open(number);
    const auto sealed = file.and_then([](const auto& opened) { return opened->is_read_only(); });
    at().sealed = sealed.value_or(false) || !is_last;
    auto done = !sealed                             ? Result<void>(tl::unexpected(sealed.error()))
                : plan.attention == Attention::link ? look_at_link(**file, plan)
                                                    : read(**file);
    if (!done && done.error().kind == ErrorKind::stopped) return done;
    if (!done) damage(where(number), "cannot be read: " + done.error().text, {number, 0});
    ledger_.settle();
    tell(told);
    return {};
  }

  void begin(std::uint32_t number) {
    const auto missing = std::max(at().volume, lineage_of(number) * lineage_stride) + 1;
    if (missing < number)
      damage(where(missing),
             missing + 1 == number ? "this volume is missing"
                                   : "this volume and all up to " + where(number - 1) + " are missing",
             {missing, 0});
    before() = at();
    at() = {};
    at().volume = number;
  }

  // Only the last volume may still be written to, or have been when the power went.
  Result<void> read(const File& file) {
    if (!std::exchange(at().begun, true)) {
      ++report_.volumes;
      if (elsewhere_) elsewhere_->reads(at().volume);
    }
    return at().sealed ? read_sealed(file) : read_active(file);
  }

  // --- A volume that is left out ---

  Result<void> look_at_link(const File& file, const VolumePlan& plan) {
    ++report_.volumes_left_out;
    at().read = false;
    at().chain = plan.chain;
    at().chain_known = plan.chain.has_value();
    const auto size = file.size();
    if (!size) return tl::unexpected(size.error());
    if (auto looked = first_record(file); !looked) return looked;
    return finish(*size);
  }

  Result<void> first_record(const File& file) {
    const auto enough = fail(ErrorKind::stopped, "one record is enough");
    const auto scan = scan_volume(file, at().volume, {.read_bodies = false},
                                  [&](const ScannedRecord& record) -> Result<void> {
                                    if (record.header.type == RecordType::warcinfo) check_link(record);
                                    return enough;
                                  });
    if (!scan && scan.error().text != enough.value().text) return tl::unexpected(scan.error());
    return {};
  }

  // --- A volume that will never change ---

  Result<void> read_sealed(const File& file) {
    torn_.reset();
    const auto size = file.size();
    if (!size) return tl::unexpected(size.error());
    if (at().offset >= *size && at().offset > 0) return finish(*size);
    auto scan = visit(file, UINT64_MAX);
    if (!scan) return tl::unexpected(scan.error());
    for (const auto& flaw : scan->flaws)
      add(flaw, file);
    if (*size == 0) damage(where(at().volume), "the volume is empty", {at().volume, 0});
    return finish(*size);
  }

  Result<void> finish(std::uint64_t size) {
    at().offset = at().length = size;
    return {};
  }

  // --- The volume that a gateway may be writing to ---

  // What cannot be told from a batch that is just being written is left out, and read when reading goes on.
  struct Settled {
    std::uint64_t until = 0;
    std::vector<Flaw> damage;
  };

  Result<void> read_active(const File& file) {
    torn_.reset();
    const auto settled = settle(file);
    if (!settled) return tl::unexpected(settled.error());
    if (settled->until > at().offset)
      if (auto scan = visit(file, settled->until); !scan) return tl::unexpected(scan.error());
    for (const auto& flaw : settled->damage)
      add(flaw, file);
    return finish(settled->until);
  }

  // A writer at work looks like damage for a moment: only what is found twice is there. The same rule as at a
  // start tells a torn tail from damage: a flaw in a batch with none after it was never acknowledged.
  Result<Settled> settle(const File& file) {
    const auto first = scan_volume(file, at().volume, from_here(), no_visit);
    if (!first) return tl::unexpected(first.error());
    if (first->flaws.empty()) return Settled{.until = first->end, .damage = {}};
    const auto second = scan_volume(file, at().volume, from_here(), no_visit);
    if (!second) return tl::unexpected(second.error());
    Settled settled{.until = second->end, .damage = {}};
    for (const auto& flaw : second->flaws) {
      const bool twice = std::any_of(first->flaws.begin(), first->flaws.end(),
                                     [&flaw](const Flaw& earlier) { return earlier.place == flaw.place; });
      const bool in_last_batch = flaw.batch >= second->last_batch;
      if (twice && !in_last_batch) {
        settled.damage.push_back(flaw);
        continue;
      }
      settled.until = std::min(settled.until, flaw.place.offset);
      if (twice && !torn_) torn_ = torn_note(flaw);
    }
    return settled;
  }

  static Finding torn_note(const Flaw& flaw) {
    return {FindingKind::note, where(flaw.place),
            "a batch that is being written, or that a crash cut off before it was acknowledged (" +
                flaw.text + "); the next start seals the volume here",
            flaw.place};
  }

  // --- Records ---

  ScanOptions from_here() const {
    ScanOptions options;
    options.from = at().offset;
    options.chain = at().chain;
    options.stop = options_.stop;
    options.forget_behind = options_.forget_behind;
    return options;
  }

  Result<ScanResult> visit(const File& file, std::uint64_t until) {
    auto options = from_here();
    options.until = until;
    if (options_.progress)
      options.progress = [this](std::uint64_t offset) {
        options_.progress(std::min(report_.octets + offset - at().offset, octets_total_), octets_total_);
      };
    auto scan = scan_volume(file, at().volume, options, [this](const ScannedRecord& record) {
      if (record.header.type == RecordType::warcinfo) check_link(record);
      ledger_.take(record);
      at().last_record = record.place.offset;
      return Result<void>();
    });
    if (!scan) return scan;
    report_.records += scan->records;
    report_.octets += std::min(until, file.size().value_or(until)) - at().offset;
    at().chain = scan->chain;
    at().sound = at().sound && scan->flaws.empty();
    if (scan->records > 0 && lineage_of(at().volume) == 0) end_ = {at().volume, scan->end};
    return scan;
  }

  // The warcinfo names the volume before it as it was when it was sealed. Volumes that were merged in keep
  // the numbers that they had.
  void check_link(const ScannedRecord& record) {
    const auto info = decode_volume_info(record.block);
    if (!info || record.place.offset != 0) return;  // the scan has said so
    if (before().volume != 0 && before().volume + 1 != at().volume)
      return;  // a missing volume has been named
    const auto previous = number_in_lineage(at().volume) - 1;
    if (before().volume == 0 && previous != 0) return;
    if (info->previous_volume != previous)
      return damage(where(record.place),
                    "the warcinfo says that it follows " + name(info->previous_volume) + ", but it follows " +
                        name(before().volume) + ": volumes were swapped or renamed",
                    record.place);
    if (before().length_known && info->previous_length != before().length)
      return damage(where(before().volume),
                    "the volume has " + std::to_string(before().length) + " octets, it was sealed with " +
                        std::to_string(info->previous_length),
                    {before().volume, 0});
    if (before().sound && before().chain_known && before().chain.value_or(Digest{}) != info->previous_chain)
      damage(where(record.place),
             "the chain is broken: " + name(before().volume) +
                 " does not end with the record that it ended with when it was sealed",
             record.place);
  }

  Position& at() { return chain_->at; }
  const Position& at() const { return chain_->at; }
  Position& before() { return chain_->before; }
  const Position& before() const { return chain_->before; }

  static std::string name(std::uint32_t volume) {
    return number_in_lineage(volume) == 0 ? "no other" : where(volume);
  }

  void add(const Flaw& flaw, const File& file) {
    damage(where(flaw.place), flaw.text + (flaw.kind == FlawKind::block ? take_damaged(flaw, file) : ""),
           flaw.place);
  }

  // The header still says what the octets were.
  std::string take_damaged(const Flaw& flaw, const File& file) {
    std::string octets(header_octets_max, '\0');
    octets.resize(file.read_at(octets, flaw.place.offset).value_or(0));
    const auto decoded = decode_header(octets, Digest{});
    if (!decoded) return "";
    const auto& header = decoded->header;
    ledger_.take_damaged(header, flaw.place, flaw.place.offset + decoded->octets);
    if (header.target) return ": the octets of message " + header.target->uuid.text() + " have changed";
    return header.refers_to ? ": a fact about message " + header.refers_to->text() + " has changed" : "";
  }

  // --- Findings ---

  void damage(std::string where, std::string what, Place place) {
    report_.findings.push_back({FindingKind::damage, std::move(where), std::move(what), place});
  }
  void note(std::string where, std::string what) {
    report_.findings.push_back({FindingKind::note, std::move(where), std::move(what)});
  }

  // Reading a volume also shows whether the one before it ends as it did.
  void tell(std::size_t told) {
    if (!options_.verdict) return;
    if (at().read || concerns(at().volume, told)) say(verdict_on(at()));
    if (concerns(before().volume, told)) say(verdict_on(before()));
  }

  void say(VolumeVerdict verdict) {
    options_.verdict(verdict);
    verdicts_.insert_or_assign(verdict.number, std::move(verdict));
  }

  // An erasure is written long after what it erases: what lacks one is known at the very end.
  void settle_late() {
    const auto told = report_.findings.size();
    ledger_.settle_blanks();
    const auto pending = ErasureJournal(archive_.disk(), archive_.folder()).pending();
    ledger_.settle_unblanked(!pending || !pending->empty());
    for (auto& [number, verdict] : verdicts_) {
      if (!concerns(number, told)) continue;
      for (auto late = told; late < report_.findings.size(); ++late)
        if (is_damage_in(report_.findings[late], number)) verdict.damage.push_back(report_.findings[late]);
      options_.verdict(verdict);
    }
  }

  bool concerns(std::uint32_t volume, std::size_t told) const {
    return std::any_of(report_.findings.begin() + static_cast<std::ptrdiff_t>(told), report_.findings.end(),
                       [volume](const Finding& finding) { return is_damage_in(finding, volume); });
  }

  static bool is_damage_in(const Finding& finding, std::uint32_t volume) {
    return finding.kind == FindingKind::damage && volume != 0 && finding.place.volume == volume;
  }

  VolumeVerdict verdict_on(const Position& position) const {
    VolumeVerdict verdict{.number = position.volume,
                          .read = position.read,
                          .sealed = position.sealed,
                          .octets = position.length,
                          .last_record = position.last_record,
                          .chain = position.chain.value_or(Digest{}),
                          .damage = {}};
    for (const auto& finding : report_.findings)
      if (is_damage_in(finding, position.volume)) verdict.damage.push_back(finding);
    return verdict;
  }

  // --- The index ---

  void compare() {
    if (elsewhere_) return compare_read_part(archive_, ledger_, report_.findings);
    const auto read_on_for_index = [this] {
      (void)
          read_on();  // a folder that could be listed a moment ago; the index is compared with what was read
      return end_;
    };
    compare_index(archive_, ledger_, read_on_for_index, report_.findings);
  }

  void count() {
    report_.bodies = ledger_.bodies().size();
    report_.messages = ledger_.messages().size();
    report_.deliveries = ledger_.deliveries().size();
    report_.handed_over = static_cast<std::uint64_t>(
        std::count_if(ledger_.deliveries().begin(), ledger_.deliveries().end(), [](const auto& delivery) {
          return delivery.second.handed_over.volume != 0 && !delivery.second.erased;
        }));
    report_.erased = static_cast<std::uint64_t>(
        std::count_if(ledger_.deliveries().begin(), ledger_.deliveries().end(),
                      [](const auto& delivery) { return delivery.second.erased; }));
    if (!elsewhere_) keep_books();
  }

  // Fewer deliveries than recipients that were told 250: somebody's reply would never be handed over. (More
  // of them is what a crash between a message and its deliveries may leave.)
  void keep_books() {
    report_.books = ledger_.books();
    if (!report_.damaged() && report_.books->accounted_for() < report_.books->accepted)
      report_.findings.push_back(
          {FindingKind::damage, "books", "they do not balance: " + in_words(*report_.books)});
  }

  const Archive& archive_;
  const VerifyOptions& options_;
  VerifyReport report_;
  Ledger ledger_;
  std::map<std::uint32_t, VolumePlan> plans_;
  std::map<std::uint32_t, VolumeVerdict> verdicts_;
  std::unique_ptr<Elsewhere> elsewhere_;  // set: some volumes are left out
  std::map<std::uint32_t, Lineage> lineages_;
  Lineage* chain_ = nullptr;  // the one that is being read
  Place end_;                 // of the last whole record of the store's own chain
  std::optional<Finding> torn_;
  std::uint64_t octets_total_ = 0;
};

}  // namespace

std::string where(std::uint32_t volume) {
  return volume_file("", volume).filename().string();
}

std::string where(Place place) {
  return where(place.volume) + " at " + std::to_string(place.offset);
}

bool VerifyReport::damaged() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.kind == FindingKind::damage; });
}

Result<VerifyReport> verify(const Archive& archive, const VerifyOptions& options) {
  return Verification(archive, options).run();
}

}  // namespace guichet::store
