#include "store/scrub.h"

#include <algorithm>

#include "store/elsewhere.h"
#include "store/lineage.h"
#include "store/scan.h"

namespace guichet::store {
namespace {

VolumeState to_state(const VolumeVerdict& verdict, Instant now) {
  VolumeState state{.octets = verdict.octets,
                    .last_record = verdict.last_record,
                    .chain = verdict.chain,
                    .verified = now,
                    .sealed = verdict.sealed,
                    .damage = {}};
  for (const auto& finding : verdict.damage)
    state.damage.push_back({finding, now});
  return state;
}

class Keeper {
 public:
  Keeper(const Archive& archive, Clock& clock, const ScrubOptions& options)
      : archive_(archive), clock_(clock), options_(options) {}

  // Of a volume that was not read there may be damage to add, but nothing to take back.
  void keep(const VolumeVerdict& verdict) {
    const auto fresh = to_state(verdict, clock_.now());
    change([&](ScrubState& state) {
      if (verdict.read) return put(state, verdict.number, fresh);
      auto& known = state.volumes[verdict.number];
      for (const auto& dated : fresh.damage)
        if (std::none_of(known.damage.begin(), known.damage.end(),
                         [&](const auto& old) { return old.finding == dated.finding; }))
          known.damage.push_back(dated);
    });
  }

  // One alarm is enough: what keeps one write from happening keeps the others.
  void change(const std::function<void(ScrubState&)>& change) {
    if (failed_) return;
    const auto changed = change_scrub_state(archive_.disk(), archive_.folder(), change);
    failed_ = !changed;
    if (failed_) options_.alarm("what was verified cannot be kept: " + changed.error().text);
  }

  [[nodiscard]] VerifyOptions verify_options() {
    VerifyOptions options;
    options.progress = options_.progress;
    options.verdict = [this](const VolumeVerdict& verdict) { keep(verdict); };
    options.stop = options_.stop;
    options.forget_behind = options_.forget_behind;
    return options;
  }

 private:
  const Archive& archive_;
  Clock& clock_;
  const ScrubOptions& options_;
  bool failed_ = false;
};

// What the state knows of and the folder does not.
void name_missing(const Archive& archive, const ScrubState& known, VerifyReport& report) {
  const auto volumes = archive.all_volumes();
  if (!volumes) return;
  for (const auto& [number, state] : known.volumes) {
    const bool there = std::any_of(volumes->begin(), volumes->end(),
                                   [n = number](const auto& volume) { return volume.number == n; });
    const bool named =
        std::any_of(report.findings.begin(), report.findings.end(),
                    [n = number](const Finding& finding) { return finding.place.volume == n; });
    if (!there && !named && state.sealed)
      report.findings.push_back(
          {FindingKind::damage,
           where(number),
           "this volume is missing; it was there and verified at " + state.verified.rfc3339(),
           {number, 0}});
  }
}

// The instant from which on a volume that was read counts as read; nothing: none does.
std::optional<Instant> read_since(Extent extent, const ScrubState& known) {
  switch (extent) {
    case Extent::all:
      return std::nullopt;
    case Extent::unverified:
      return Instant{};
    case Extent::resumed:
      if (known.unfinished && known.unfinished->whole) return known.unfinished->begun;
      return std::nullopt;
  }
  return std::nullopt;
}

VolumePlan plan_for(const Archive& archive, const VolumeName& volume, const ScrubState& known,
                    std::optional<Instant> since) {
  const auto found = known.volumes.find(volume.number);
  if (!since || found == known.volumes.end()) return {};
  const auto& state = found->second;
  if (!state.sound() || state.verified < *since || !is_unchanged(archive, volume.number, state)) return {};
  return {.attention = Attention::link, .chain = state.chain};
}

}  // namespace

bool is_unchanged(const Archive& archive, std::uint32_t volume, const VolumeState& state) {
  const auto file = archive.open(volume);
  if (!file || !(*file)->is_read_only().value_or(false)) return false;
  if ((*file)->size().value_or(0) != state.octets || !state.sealed) return false;
  std::string octets(header_octets_max, '\0');
  octets.resize((*file)->read_at(octets, state.last_record).value_or(0));
  const auto last = decode_header(octets, Digest{});
  return last && last->header.offset == state.last_record && last->header.chain == state.chain &&
         state.last_record + last->octets + last->header.content_length + record_end.size() == state.octets;
}

Result<VerifyReport> verify_and_keep(const Archive& archive, Clock& clock, Extent extent,
                                     const ScrubOptions& options) {
  const auto known = read_scrub_state(archive.disk(), archive.folder());
  const auto since = read_since(extent, known);
  const auto begun = extent == Extent::resumed && since ? *since : clock.now();
  VerifyRun run{
      .begun = begun, .whole = extent != Extent::unverified, .ended = {}, .octets = 0, .findings = {}};
  Keeper keeper(archive, clock, options);
  // An incremental run leaves one that was interrupted to be resumed.
  if (run.whole) keeper.change([&run](ScrubState& state) { state.unfinished = run; });
  auto verify_options = keeper.verify_options();
  if (since)
    verify_options.plan = [&](const VolumeName& volume) { return plan_for(archive, volume, known, since); };
  auto report = verify(archive, verify_options);
  if (!report) return report;
  name_missing(archive, known, *report);
  run.ended = clock.now();
  run.octets = report->octets;
  run.findings = report->findings;
  keeper.change([&run](ScrubState& state) {
    if (run.whole) state.unfinished.reset();
    state.last = run;
  });
  return report;
}

std::optional<std::uint32_t> due_volume(const std::vector<VolumeName>& volumes, const ScrubState& state,
                                        Instant now, std::int64_t interval_us) {
  std::optional<std::uint32_t> due;
  Instant oldest{now.unix_us - interval_us + 1};
  for (const auto& volume : volumes) {
    const auto known = state.volumes.find(volume.number);
    const auto verified = known == state.volumes.end() ? Instant{INT64_MIN} : known->second.verified;
    if (verified >= oldest) continue;
    oldest = verified;
    due = volume.number;
  }
  return due;
}

Result<VerifyReport> scrub_volume(const Archive& archive, Clock& clock, std::uint32_t volume,
                                  const ScrubOptions& options) {
  // Asked here too: verify() would read everything instead.
  if (auto elsewhere = Elsewhere::open(archive); !elsewhere) return tl::unexpected(elsewhere.error());
  const auto known = read_scrub_state(archive.disk(), archive.folder());
  Keeper keeper(archive, clock, options);
  auto verify_options = keeper.verify_options();
  verify_options.plan = [volume](const VolumeName& other) {
    const auto attention = other.number == volume                                     ? Attention::read
                           : other.number + 1 == volume || other.number == volume + 1 ? Attention::link
                                                                                      : Attention::none;
    return VolumePlan{.attention = attention, .chain = std::nullopt};
  };
  return verify(archive, verify_options);
}

}  // namespace guichet::store
