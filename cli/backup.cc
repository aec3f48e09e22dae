#include "cli/backup.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "cli/control_client.h"
#include "cli/off_site.h"
#include "cli/owner.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/restic.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Result;

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::chrono::milliseconds between_questions{100};

int refuse_unless_configured(const conf::Settings& settings) {
  if (!settings.backup.repository.empty()) return 0;
  complain("there is no backup: backup.repository is empty");
  return bad_usage;
}

// Everything that restic says is for whoever typed the command.
ResticWatch showing() {
  return {.on_line = [](const std::string& line) {
    std::cout << plain(line) << std::endl;
    return true;
  }};
}

int done_or_complain(const ResticResult& done) {
  return done ? 0 : complain(done.error().text);
}

// --- now -----------------------------------------------------------------------------------------------

int say(const std::optional<Snapshot>& made, const std::optional<Snapshot>& last) {
  if (made) {
    std::cout << "snapshot " << made->id << " holds all that was received before " << made->at.rfc3339()
              << ", volume " << made->end.volume << " up to octet " << made->end.offset << '\n';
  } else if (last) {
    std::cout << "nothing is new since snapshot " << last->id << " of " << last->at.rfc3339()
              << " (the repository was not asked: guichet backup check does)\n";
  } else {
    std::cout << "nothing was received yet\n";
  }
  return 0;
}

// Under the store's lock, so everything is sealed.
Result<int> now_alone(const conf::Settings& settings) {
  const auto view = open_archive(settings.store.path);
  if (!view) return tl::unexpected(view.error());
  const auto clock = store::real_clock();
  const auto ids = store::random_ids();
  auto opened =
      store::Store::open({.path = settings.store.path, .reserve_percent = settings.store.reserve_percent},
                         *view->disk, *clock, *ids, [](const std::string& text) { complain(text); });
  if (!opened) return tl::unexpected(opened.error());
  OffSite off_site(settings, *view->disk, *clock);
  const DurableStore durable{
      .end = [&opened] { return (*opened)->durable_end(); },
      .has_room = [&opened](std::uint64_t octets) { return (*opened)->has_room(octets); }};
  const auto made = off_site.run(durable, /*own_group=*/false, [] {}, {});
  if (!made) return complain(made.error().text);
  off_site.log().set({});
  return say(*made, off_site.last());
}

// It answers at once; the snapshot is waited for here, so that others can ask it meanwhile.
Result<int> now_by_gateway(const conf::Settings& settings) {
  const auto begun = ask_gateway(settings.store.path, {{"command", "backup now"}});
  if (!begun) return tl::unexpected(begun.error());
  const auto run = begun->at("run").get<std::uint64_t>();
  for (;; std::this_thread::sleep_for(between_questions)) {
    const auto status = ask_gateway(settings.store.path, {{"command", "backup status"}});
    if (!status) return tl::unexpected(status.error());
    if (status->at("runs_done") < run) continue;
    if (status->at("last_error").is_string()) return complain(status->at("last_error").get<std::string>());
    if (status->at("snapshot").is_null()) return say({}, {});
    std::cout << "snapshot " << status->at("snapshot").get<std::string>()
              << " holds all that was received before " << status->at("last_snapshot_at").get<std::string>()
              << '\n';
    return 0;
  }
}

// --- status --------------------------------------------------------------------------------------------

Result<Json> status_of(const conf::Settings& settings) {
  if (gateway_listens(settings.store.path))
    return ask_gateway(settings.store.path, {{"command", "backup status"}});
  const auto view = open_archive(settings.store.path);
  if (!view) return tl::unexpected(view.error());
  const auto clock = store::real_clock();
  OffSite off_site(settings, *view->disk, *clock);
  const auto end = off_site.end_at_rest();
  if (!end) return tl::unexpected(end.error());
  return Json::parse(status_json(off_site, off_site.log().attempt(), *end, clock->now()));
}

std::string text_or(const Json& json, const char* member, const char* otherwise) {
  const auto& value = json.at(member);
  return value.is_null() ? otherwise : value.is_string() ? value.get<std::string>() : value.dump();
}

void show(const Json& json) {
  std::cout << "repository     " << plain(text_or(json, "repository", "")) << '\n'
            << "last snapshot  " << text_or(json, "last_snapshot_at", "none") << "  "
            << plain(text_or(json, "snapshot", "")) << '\n'
            << "not off-site   " << text_or(json, "behind_octets", "0") << " octets";
  if (!json.at("oldest_not_offsite_s").is_null())
    std::cout << ", the oldest from " << json["oldest_not_offsite_s"] << " s ago";
  std::cout << '\n';
  if (json.at("last_error").is_null()) return;
  std::cout << "last error     " << plain(text_or(json, "last_error", "")) << '\n'
            << "next try       " << text_or(json, "next_try_at", "at the next start") << '\n';
}

// --- prune ---------------------------------------------------------------------------------------------

// Needs no store: it may be done on another machine.
ResticOptions without_store(const conf::Settings& settings) {
  auto options = restic_options(settings);
  std::error_code error;
  if (!std::filesystem::exists(options.working_folder, error)) options.cache.clear();
  options.working_folder = "/";
  return options;
}

ResticOptions with_pruning_keys(const conf::Settings& settings) {
  auto options = without_store(settings);
  options.envdir = std::filesystem::absolute(settings.backup.prune_envdir);
  // A folder of its own: what root leaves there must not be in the gateway's way.
  if (!options.cache.empty()) options.cache += ".prune";
  return options;
}

// restic writes nanoseconds and the zone of who made it; ours are in UTC (restic.cc), and a foreign one is
// hours off, which is nothing in a retention of days.
std::optional<store::Instant> to_the_second(const std::string& time) {
  return store::Instant::from_rfc3339(time.substr(0, 19) + "Z");
}

// Those that are older than the retention, but the newest of all: by the clock, since restic's --keep-within
// counts from the newest, and a store that receives nothing would keep what was erased for ever.
tl::expected<std::vector<std::string>, ResticFailure> too_old(const conf::Settings& settings,
                                                              const ResticOptions& options) {
  std::string listed;
  const auto done =
      run_restic(options, {"snapshots", "--json", "--host", "guichet", "--tag", "guichet"},
                 {.on_line = [&listed](const std::string& line) { return listed += line, true; }}, {});
  if (!done) return tl::unexpected(done.error());
  const auto json = Json::parse(listed, nullptr, false);
  if (!json.is_array())
    return tl::unexpected(ResticFailure{
        Trouble::other, "restic listed its snapshots in a way that is not known; is it 0.14 or later?"});
  std::vector<std::pair<store::Instant, std::string>> snapshots;
  for (const auto& one : json)
    if (const auto at = to_the_second(one.value("time", "")))
      snapshots.emplace_back(*at, one.value("id", ""));
  std::ranges::sort(snapshots);
  const auto limit = store::real_clock()->now().unix_us - settings.backup.retention_days * day_us;
  std::vector<std::string> found;
  for (std::size_t i = 0; i + 1 < snapshots.size(); ++i)
    if (snapshots[i].first.unix_us < limit) found.push_back(snapshots[i].second);
  return found;
}

// At most some 60 of an hour, 48 of two days, 90 of days, and then one a month. Paths and tags are no reason
// to keep one: the tags differ each time, the paths when the store was moved.
std::vector<std::string> thinning(unsigned retention_days) {
  const auto days = std::to_string(std::min(retention_days, 90U)) + "d";
  return {"forget",
          "--host",
          "guichet",
          "--tag",
          "guichet",
          "--group-by",
          "host",
          "--keep-within",
          "1h",
          "--keep-within-hourly",
          "48h",
          "--keep-within-daily",
          days,
          "--keep-within-monthly",
          std::to_string(retention_days) + "d"};
}

ResticResult prune(const conf::Settings& settings) {
  const auto options = with_pruning_keys(settings);
  const auto watch = showing();
  // Only stale locks go: those of a run that died.
  if (auto unlocked = run_restic(options, {"unlock"}, watch, {}); !unlocked) return unlocked;
  const auto old = too_old(settings, options);
  if (!old) return tl::unexpected(old.error());
  for (std::size_t i = 0; i < old->size(); i += 500) {
    std::vector<std::string> words{"forget"};
    words.insert(words.end(), old->begin() + static_cast<std::ptrdiff_t>(i),
                 old->begin() + static_cast<std::ptrdiff_t>(std::min(i + 500, old->size())));
    if (auto forgotten = run_restic(options, words, watch, {}); !forgotten) return forgotten;
  }
  if (auto thinned = run_restic(options, thinning(settings.backup.retention_days), watch, {}); !thinned)
    return thinned;
  // restic leaves up to 5 % of what is forgotten where it is; what was erased must go.
  return run_restic(options, {"prune", "--max-unused", "0"}, watch, {});
}

}  // namespace

int backup_init(const conf::Settings& settings) {
  if (const int code = refuse_unless_configured(settings)) return code;
  act_as_owner_of(settings.store.path);
  const auto made =
      run_restic(without_store(settings), {"init"}, {.on_line = [](const std::string&) { return true; }}, {});
  if (!made) return complain(made.error().text);
  std::cout
      << "the repository " << without_credentials(settings.backup.repository)
      << " is made\nKeep its address, its keys and above all RESTIC_PASSWORD outside of this machine too: "
         "docs/restore-at-night.md\n";
  return 0;
}

int backup_now(const conf::Settings& settings) {
  if (const int code = refuse_unless_configured(settings)) return code;
  auto done = now_alone(settings);
  if (!done && done.error().kind == store::ErrorKind::busy) done = now_by_gateway(settings);
  return done ? *done : complain(done.error().text);
}

int backup_status(const conf::Settings& settings, bool json) {
  if (const int code = refuse_unless_configured(settings)) return code;
  auto status = status_of(settings);
  if (!status) return complain(status.error().text);
  auto& parsed = *status;
  parsed.erase("ok");
  if (json) {
    std::cout << parsed.dump(2) << '\n';
  } else {
    show(parsed);
  }
  return 0;
}

int backup_check(const conf::Settings& settings, const std::string& read_data_subset) {
  if (const int code = refuse_unless_configured(settings)) return code;
  act_as_owner_of(settings.store.path);
  std::vector<std::string> words{"check"};
  if (!read_data_subset.empty()) words.push_back("--read-data-subset=" + read_data_subset);
  return done_or_complain(run_restic(without_store(settings), words, showing(), {}));
}

int backup_prune(const conf::Settings& settings) {
  if (const int code = refuse_unless_configured(settings)) return code;
  if (settings.backup.prune_envdir.empty()) {
    complain(
        "backup.prune_envdir is empty: this machine has no keys that may delete, old copies are removed "
        "elsewhere");
    return bad_usage;
  }
  return done_or_complain(prune(settings));
}

}  // namespace guichet::cli
