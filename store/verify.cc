#include "store/verify.h"

#include <algorithm>
#include <optional>

#include "store/compare_index.h"
#include "store/ledger.h"
#include "store/scan.h"

namespace guichet::store {
namespace {

constexpr std::string_view torn_ending = ".torn";

Result<void> no_visit(const ScannedRecord&) {
  return {};
}

class Verification {
 public:
  Verification(const Archive& archive, const VerifyOptions& options)
      : archive_(archive), options_(options), ledger_(archive, report_.findings) {}

  Result<VerifyReport> run() {
    if (auto sized = measure(); !sized) return tl::unexpected(sized.error());
    if (auto named = name_other_files(); !named) return tl::unexpected(named.error());
    if (auto read = read_on(); !read) return tl::unexpected(read.error());
    const auto read_on_for_index = [this] {
      (void)
          read_on();  // a folder that could be listed a moment ago; the index is compared with what was read
      return end_;
    };
    compare_index(archive_, ledger_, read_on_for_index, report_.findings);
    ledger_.settle_blanks();
    if (torn_) report_.findings.push_back(*torn_);
    count();
    return std::move(report_);
  }

 private:
  // Where reading goes on, and what is known of the volume read last.
  struct Position {
    std::uint32_t volume = 0;
    std::uint64_t offset = 0;
    std::optional<Digest> chain;  // unset: begins at the warcinfo
    std::uint64_t length = 0;     // of the file
    bool sound = true;            // no flaw so far
  };

  Result<void> measure() {
    const auto volumes = archive_.volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes)
      if (const auto file = archive_.open(volume.number)) octets_total_ += (*file)->size().value_or(0);
    return {};
  }

  Result<void> name_other_files() {
    std::vector<std::string> foreign;
    const auto volumes = archive_.volumes(&foreign);
    const auto all = archive_.disk().list(archive_.folder() / "volumes");
    if (!volumes || !all) return tl::unexpected(volumes ? all.error() : volumes.error());
    for (const auto& name : foreign)
      note(name, "a foreign file among the volumes; it is not looked into");
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
    const auto volumes = archive_.volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes)
      if (volume.number >= at_.volume) read(volume.number, volume.number == volumes->back().number);
    return {};
  }

  void read(std::uint32_t number, bool is_last) {
    if (number != at_.volume) begin(number);
    const auto file = archive_.open(number);
    const auto writable = file.and_then([](const auto& opened) { return opened->is_read_only(); });
    // Only the last volume may still be written to, or have been when the power went.
    auto read = !writable               ? Result<void>(tl::unexpected(writable.error()))
                : is_last && !*writable ? read_active(**file)
                                        : read_sealed(**file);
    if (!read) damage(where(number), "cannot be read: " + read.error().text);
    ledger_.settle();
  }

  void begin(std::uint32_t number) {
    if (const auto missing = at_.volume + 1; missing < number)
      damage(where(missing), missing + 1 == number
                                 ? "this volume is missing"
                                 : "this volume and all up to " + where(number - 1) + " are missing");
    before_ = at_;
    at_ = {.volume = number, .offset = 0, .chain = std::nullopt, .length = 0, .sound = true};
    ++report_.volumes;
  }

  // --- A volume that will never change ---

  Result<void> read_sealed(const File& file) {
    torn_.reset();
    const auto size = file.size();
    if (!size) return tl::unexpected(size.error());
    if (at_.offset >= *size && at_.offset > 0) return finish(*size);
    auto scan = visit(file, UINT64_MAX);
    if (!scan) return tl::unexpected(scan.error());
    for (const auto& flaw : scan->flaws)
      add(flaw, file);
    if (*size == 0) damage(where(at_.volume), "the volume is empty");
    return finish(*size);
  }

  Result<void> finish(std::uint64_t size) {
    at_.offset = at_.length = size;
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
    if (settled->until > at_.offset)
      if (auto scan = visit(file, settled->until); !scan) return tl::unexpected(scan.error());
    for (const auto& flaw : settled->damage)
      add(flaw, file);
    return finish(settled->until);
  }

  // A writer at work looks like damage for a moment: only what is found twice is there. The same rule as at a
  // start tells a torn tail from damage: a flaw in a batch with none after it was never acknowledged.
  Result<Settled> settle(const File& file) {
    const auto first = scan_volume(file, at_.volume, from_here(), no_visit);
    if (!first) return tl::unexpected(first.error());
    if (first->flaws.empty()) return Settled{.until = first->end, .damage = {}};
    const auto second = scan_volume(file, at_.volume, from_here(), no_visit);
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
                flaw.text + "); the next start seals the volume here"};
  }

  // --- Records ---

  ScanOptions from_here() const {
    ScanOptions options;
    options.from = at_.offset;
    options.chain = at_.chain;
    return options;
  }

  Result<ScanResult> visit(const File& file, std::uint64_t until) {
    auto options = from_here();
    options.until = until;
    if (options_.progress)
      options.progress = [this](std::uint64_t offset) {
        options_.progress(std::min(report_.octets + offset - at_.offset, octets_total_), octets_total_);
      };
    auto scan = scan_volume(file, at_.volume, options, [this](const ScannedRecord& record) {
      if (record.header.type == RecordType::warcinfo) check_link(record);
      ledger_.take(record);
      return Result<void>();
    });
    if (!scan) return scan;
    report_.records += scan->records;
    report_.octets += std::min(until, file.size().value_or(until)) - at_.offset;
    at_.chain = scan->chain;
    at_.sound = at_.sound && scan->flaws.empty();
    if (scan->records > 0) end_ = {at_.volume, scan->end};
    return scan;
  }

  // The warcinfo names the volume before it as it was when it was sealed.
  void check_link(const ScannedRecord& record) {
    const auto info = decode_volume_info(record.block);
    if (!info || record.place.offset != 0) return;  // the scan has said so
    if (before_.volume + 1 != at_.volume) return;   // a missing volume has been named
    if (info->previous_volume != before_.volume)
      return damage(where(record.place), "the warcinfo says that it follows " + name(info->previous_volume) +
                                             ", but it follows " + name(before_.volume) +
                                             ": volumes were swapped or renamed");
    if (info->previous_length != before_.length)
      return damage(where(before_.volume), "the volume has " + std::to_string(before_.length) +
                                               " octets, it was sealed with " +
                                               std::to_string(info->previous_length));
    if (before_.sound && before_.chain.value_or(Digest{}) != info->previous_chain)
      damage(where(record.place), "the chain is broken: " + name(before_.volume) +
                                      " does not end with the record that it ended with when it was sealed");
  }

  static std::string name(std::uint32_t volume) { return volume == 0 ? "no other" : where(volume); }

  void add(const Flaw& flaw, const File& file) {
    damage(where(flaw.place), flaw.text + (flaw.kind == FlawKind::block ? take_damaged(flaw, file) : ""));
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

  void damage(std::string at, std::string what) {
    report_.findings.push_back({FindingKind::damage, std::move(at), std::move(what)});
  }
  void note(std::string at, std::string what) {
    report_.findings.push_back({FindingKind::note, std::move(at), std::move(what)});
  }

  void count() {
    report_.bodies = ledger_.bodies().size();
    report_.messages = ledger_.messages().size();
    report_.deliveries = ledger_.deliveries().size();
    report_.handed_over = static_cast<std::uint64_t>(
        std::count_if(ledger_.deliveries().begin(), ledger_.deliveries().end(),
                      [](const auto& delivery) { return delivery.second.handed_over.volume != 0; }));
  }

  const Archive& archive_;
  const VerifyOptions& options_;
  VerifyReport report_;
  Ledger ledger_;
  Position at_, before_;
  Place end_;  // of the last whole record
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
