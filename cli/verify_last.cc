#include "cli/verify_last.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/plain_text.h"
#include "store/scrub.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::ScrubState;
using store::VerifyRun;

struct Known {
  ScrubState state;
  std::uint64_t volumes = 0, verified = 0;
  std::optional<store::Instant> longest_ago;
  std::vector<store::DatedFinding> damage;
};

// What a later run did not find any more is not in a volume's state; what is about no volume (the index) is
// in the last run alone.
Known look(const store::Archive& archive) {
  Known known;
  known.state = store::read_scrub_state(archive.disk(), archive.folder());
  if (const auto volumes = archive.all_volumes()) known.volumes = volumes->size();
  for (const auto& [number, volume] : known.state.volumes) {
    ++known.verified;
    known.longest_ago = std::min(known.longest_ago.value_or(volume.verified), volume.verified);
    known.damage.insert(known.damage.end(), volume.damage.begin(), volume.damage.end());
  }
  if (!known.state.last) return known;
  for (const auto& finding : known.state.last->findings) {
    const bool told = std::any_of(known.damage.begin(), known.damage.end(),
                                  [&finding](const auto& dated) { return dated.finding == finding; });
    const bool of_volume = known.state.volumes.contains(finding.place.volume);
    if (finding.kind == store::FindingKind::damage && !told && !of_volume)
      known.damage.push_back({finding, known.state.last->ended.value_or(known.state.last->begun)});
  }
  return known;
}

Json to_json(const VerifyRun& run) {
  Json json{{"begun", run.begun.rfc3339()}, {"everything", run.whole}, {"octets", run.octets}};
  if (run.ended) json["ended"] = run.ended->rfc3339();
  return json;
}

Json to_json(const Known& known) {
  Json json{{"damaged", !known.damage.empty()}, {"damage", Json::array()}};
  for (const auto& [finding, found] : known.damage)
    json["damage"].push_back({{"where", finding.where}, {"what", finding.what}, {"found", found.rfc3339()}});
  json["volumes"] = known.volumes;
  json["volumes_verified"] = known.verified;
  if (known.longest_ago) json["longest_ago"] = known.longest_ago->rfc3339();
  if (known.state.last) json["last"] = to_json(*known.state.last);
  if (known.state.unfinished) json["unfinished"] = to_json(*known.state.unfinished);
  return json;
}

void show(const Known& known) {
  for (const auto& [finding, found] : known.damage)
    std::cout << "damage: " << plain(finding.where) << ": " << plain(finding.what) << " (found "
              << found.rfc3339() << ")\n";
  if (const auto& last = known.state.last)
    std::cout << "last verify " << (last->whole ? "of everything" : "of what was new") << ": ended "
              << last->ended.value_or(last->begun).rfc3339() << ", read " << last->octets << " octets\n";
  if (const auto& unfinished = known.state.unfinished)
    std::cout << "a verify of " << unfinished->begun.rfc3339()
              << " runs or was interrupted: guichet verify --resume goes on with it\n";
  std::cout << known.verified << " of " << known.volumes << " volumes have been verified";
  if (known.longest_ago) std::cout << ", the longest ago at " << known.longest_ago->rfc3339();
  std::cout << "; " << (known.damage.empty() ? "no damage is known" : "there is DAMAGE") << '\n';
}

}  // namespace

int verify_last(const store::Archive& archive, bool as_json) {
  const auto known = look(archive);
  if (as_json) {
    std::cout << to_json(known).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    show(known);
  }
  return known.damage.empty() ? 0 : 1;
}

}  // namespace guichet::cli
