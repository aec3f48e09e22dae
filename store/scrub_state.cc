#include "store/scrub_state.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int version = 1;
constexpr std::uint64_t octets_max = 256ull << 20;
constexpr int lock_tries = 50;
constexpr std::chrono::milliseconds lock_pause{20};

// --- To JSON -------------------------------------------------------------------------------------------

Json to_json(const Finding& finding) {
  return {{"kind", finding.kind == FindingKind::note ? "note" : "damage"},
          {"where", finding.where},
          {"what", finding.what},
          {"volume", finding.place.volume},
          {"offset", finding.place.offset}};
}

Json to_json(const DatedFinding& dated) {
  auto json = to_json(dated.finding);
  json["found"] = dated.found.rfc3339();
  return json;
}

template <class Items>
Json to_list(const Items& items) {
  auto list = Json::array();
  for (const auto& item : items)
    list.push_back(to_json(item));
  return list;
}

Json to_json(std::uint32_t number, const VolumeState& volume) {
  return {{"volume", number},
          {"octets", volume.octets},
          {"last_record", volume.last_record},
          {"chain", volume.chain.hex()},
          {"verified", volume.verified.rfc3339()},
          {"sealed", volume.sealed},
          {"damage", to_list(volume.damage)}};
}

Json to_json(const VerifyRun& run) {
  Json json{{"begun", run.begun.rfc3339()}, {"whole", run.whole}, {"octets", run.octets}};
  if (run.ended) json["ended"] = run.ended->rfc3339();
  json["findings"] = to_list(run.findings);
  return json;
}

std::string encode(const ScrubState& state) {
  Json json{{"version", version}, {"volumes", Json::array()}};
  for (const auto& [number, volume] : state.volumes)
    json["volumes"].push_back(to_json(number, volume));
  if (state.unfinished) json["unfinished"] = to_json(*state.unfinished);
  if (state.last) json["last"] = to_json(*state.last);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// --- From JSON: whatever is wrong is an exception, and the state is as good as none -----------------------

Instant read_instant(const Json& json) {
  return Instant::from_rfc3339(json.get<std::string>()).value();
}

Finding read_finding(const Json& json) {
  return {json.at("kind") == "note" ? FindingKind::note : FindingKind::damage,
          json.at("where").get<std::string>(),
          json.at("what").get<std::string>(),
          {json.at("volume").get<std::uint32_t>(), json.at("offset").get<std::uint64_t>()}};
}

VolumeState read_volume(const Json& json) {
  VolumeState volume{.octets = json.at("octets").get<std::uint64_t>(),
                     .last_record = json.at("last_record").get<std::uint64_t>(),
                     .chain = Digest::from_hex(json.at("chain").get<std::string>()).value(),
                     .verified = read_instant(json.at("verified")),
                     .sealed = json.at("sealed").get<bool>(),
                     .damage = {}};
  for (const auto& known : json.at("damage"))
    volume.damage.push_back({read_finding(known), read_instant(known.at("found"))});
  return volume;
}

std::optional<VerifyRun> read_run(const Json& all, const char* name) {
  if (!all.contains(name)) return std::nullopt;
  const auto& json = all.at(name);
  VerifyRun run{.begun = read_instant(json.at("begun")),
                .whole = json.at("whole").get<bool>(),
                .ended = {},
                .octets = json.at("octets").get<std::uint64_t>(),
                .findings = {}};
  if (json.contains("ended")) run.ended = read_instant(json.at("ended"));
  for (const auto& finding : json.at("findings"))
    run.findings.push_back(read_finding(finding));
  return run;
}

ScrubState decode(const std::string& text) {
  const auto json = Json::parse(text);
  if (json.at("version") != version) return {};
  ScrubState state;
  for (const auto& volume : json.at("volumes"))
    state.volumes.emplace(volume.at("volume").get<std::uint32_t>(), read_volume(volume));
  state.unfinished = read_run(json, "unfinished");
  state.last = read_run(json, "last");
  return state;
}

// --- The file ------------------------------------------------------------------------------------------

fs::path state_file(const fs::path& store) {
  return scrub_folder(store) / "state.json";
}

Result<std::unique_ptr<FolderLock>> lock(Disk& disk, const fs::path& store) {
  for (int tries = 1;; ++tries) {
    auto lock = disk.lock(scrub_folder(store) / "lock");
    if (lock || lock.error().kind != ErrorKind::busy || tries == lock_tries) return lock;
    std::this_thread::sleep_for(lock_pause);
  }
}

Result<void> write_synced(Disk& disk, const fs::path& path, const std::string& text) {
  (void)disk.remove(path);  // of a write that was interrupted
  auto file = disk.create(path);
  if (!file) return tl::unexpected(file.error());
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  if (auto wrote = (*file)->write_at({&piece, 1}, 0); !wrote) return wrote;
  return (*file)->sync();
}

Result<void> replace(Disk& disk, const fs::path& store, const std::string& text) {
  const auto file = state_file(store);
  const auto fresh = fs::path(file).concat(".new");
  if (auto wrote = write_synced(disk, fresh, text); !wrote) return wrote;
  if (auto renamed = disk.rename(fresh, file); !renamed) return renamed;
  return disk.sync_folder(scrub_folder(store));
}

}  // namespace

fs::path scrub_folder(const fs::path& store) {
  return store / "scrub";
}

ScrubState read_scrub_state(Disk& disk, const fs::path& store) {
  const auto file = disk.open_read(state_file(store));
  const auto size = file.and_then([](const auto& opened) { return opened->size(); });
  if (!size || *size > octets_max) return {};
  std::string text(static_cast<std::size_t>(*size), '\0');
  const auto got = (*file)->read_at(text, 0);
  if (!got || *got != text.size()) return {};
  try {
    return decode(text);
  } catch (const std::exception&) {
    return {};
  }
}

Result<void> change_scrub_state(Disk& disk, const fs::path& store,
                                const std::function<void(ScrubState&)>& change) {
  const auto names = disk.list(scrub_folder(store));
  if (!names) {
    if (auto made = disk.make_folder(scrub_folder(store)); !made) return made;
    if (auto synced = disk.sync_folder(store); !synced) return synced;
  }
  const auto held = lock(disk, store);
  if (!held) return tl::unexpected(held.error());
  auto state = read_scrub_state(disk, store);
  change(state);
  return replace(disk, store, encode(state));
}

void put(ScrubState& state, std::uint32_t volume, VolumeState fresh) {
  const auto& known = state.volumes[volume].damage;
  for (auto& dated : fresh.damage) {
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&dated](const auto& old) { return old.finding == dated.finding; });
    if (same != known.end()) dated.found = same->found;
  }
  state.volumes[volume] = std::move(fresh);
}

}  // namespace guichet::store
