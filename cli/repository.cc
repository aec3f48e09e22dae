#include "cli/repository.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/moment.h"
#include "cli/restic.h"
#include "handover/child.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using store::ErrorKind;
using store::fail;
using store::Instant;
using store::Result;
using Variables = std::map<std::string, std::string>;

constexpr std::chrono::milliseconds tick{100};

// --- A folder ------------------------------------------------------------------------------------------

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return (std::ostringstream() << stream.rdbuf()).str();
}

class FolderCopy final : public Repository {
 public:
  explicit FolderCopy(fs::path folder) : folder_(std::move(folder)) {}

  Result<std::vector<RestorePoint>> snapshots() override {
    return std::vector<RestorePoint>{{.id = "copy", .at = {}, .name = "the copy in " + folder_.string()}};
  }

  Result<std::uint64_t> octets(const RestorePoint&) override {
    std::uint64_t sum = 0;
    std::error_code error;
    for (const auto* name : {"volumes", "backup/active"})
      for (fs::recursive_directory_iterator entry(folder_ / name, error), end; !error && entry != end;
           entry.increment(error))
        if (entry->is_regular_file(error)) sum += entry->file_size(error);
    return sum;
  }

  Result<Fetched> fetch(const RestorePoint&, const fs::path&) override {
    return Fetched{.folder = folder_, .is_ours = false};
  }

  Result<Fetched> fetch_only(const RestorePoint& point, const std::vector<std::string>&,
                             const fs::path& scratch) override {
    return fetch(point, scratch);
  }

  Result<std::optional<std::string>> newest_copy(const std::string& name) override {
    std::error_code error;
    if (!fs::exists(folder_ / name, error)) return std::optional<std::string>();
    return std::optional(read_file(folder_ / name));
  }

 private:
  const fs::path folder_;
};

// --- restic --------------------------------------------------------------------------------------------

// What restic said last, from its word for "error" on: the reason and what it thinks of it.
std::string last_words(const std::string& text) {
  constexpr std::size_t octets_max = 400;
  constexpr std::string_view fatal = "Fatal: ";
  const auto begin = text.rfind(fatal);
  auto words = begin == std::string::npos ? text : text.substr(begin + fatal.size());
  while (!words.empty() && (words.back() == '\n' || words.back() == ' '))
    words.pop_back();
  std::replace(words.begin(), words.end(), '\n', ' ');
  if (words.size() > octets_max) words.erase(0, words.size() - octets_max);
  if (words.find("password") != std::string::npos)
    words.append(" (RESTIC_PASSWORD in --envdir, or exported)");
  return words.empty() ? "no reason given" : words;
}

std::string cannot_start(int error) {
  if (error == ENOENT) return "restic is not installed: apt-get install restic";
  return std::string("restic cannot be started: ") + std::strerror(error);
}

// A restore is typed by hand, and its keys may be exported: restic gets our own variables too.
std::vector<std::string> with_our_own(Variables variables) {
  for (char** entry = ::environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::vector<std::string> all;
  for (const auto& [name, value] : variables)
    all.push_back(name + "=" + value);
  return all;
}

// restic needs no lock to read, and a machine that died may have left one: what a restore reads is removed by
// nothing but a prune, which keeps what snapshots need.
class ResticRepository final : public Repository {
 public:
  ResticRepository(Variables environment, std::stop_token stop)
      : environment_(std::move(environment)), stop_(std::move(stop)) {}

  Result<std::vector<RestorePoint>> snapshots() override {
    const auto listed = run({"snapshots", "--json", "--tag", "guichet"});
    if (!listed) return tl::unexpected(listed.error());
    const auto parsed = json::parse(*listed, nullptr, false);
    if (!parsed.is_array()) return fail(ErrorKind::foreign, "restic did not answer with a list of snapshots");
    std::vector<RestorePoint> found;
    for (const auto& entry : parsed)
      if (auto snapshot = snapshot_of(entry)) found.push_back(std::move(*snapshot));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    return found;
  }

  Result<std::uint64_t> octets(const RestorePoint& snapshot) override {
    const auto counted = run({"stats", "--json", "--mode", "restore-size", snapshot.id});
    if (!counted) return tl::unexpected(counted.error());
    const auto parsed = json::parse(*counted, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("total_size") || !parsed["total_size"].is_number_unsigned())
      return fail(ErrorKind::foreign, "restic did not say how large the snapshot is");
    return parsed["total_size"].get<std::uint64_t>();
  }

  Result<Fetched> fetch(const RestorePoint& snapshot, const fs::path& scratch) override {
    const auto restored = run({"restore", snapshot.id, "--target", scratch.string()});
    if (!restored) return tl::unexpected(restored.error());
    return Fetched{.folder = scratch, .is_ours = true};
  }

  Result<Fetched> fetch_only(const RestorePoint& point, const std::vector<std::string>& names,
                             const fs::path& scratch) override {
    std::vector<std::string> words{"restore", point.id, "--target", scratch.string()};
    for (const auto& name : names)
      words.insert(words.end(), {"--include", "/" + name});
    const auto restored = run(std::move(words));
    if (!restored) return tl::unexpected(restored.error());
    return Fetched{.folder = scratch, .is_ours = true};
  }

  Result<std::optional<std::string>> newest_copy(const std::string& name) override {
    const auto all = snapshots();
    if (!all) return tl::unexpected(all.error());
    if (all->empty()) return std::optional<std::string>();
    auto octets = run({"dump", all->back().id, "/" + name});
    if (octets) return std::optional(std::move(*octets));
    if (octets.error().text.find("not found in snapshot") != std::string::npos)
      return std::optional<std::string>();
    return tl::unexpected(octets.error());
  }

 private:
  static std::optional<RestorePoint> snapshot_of(const json& entry) {
    if (!entry.is_object() || !entry.contains("id") || !entry.contains("time")) return std::nullopt;
    if (!entry["id"].is_string() || !entry["time"].is_string()) return std::nullopt;
    const auto id = entry["id"].get<std::string>();
    const auto at = parse_moment(entry["time"].get<std::string>());
    if (!at) return std::nullopt;
    return RestorePoint{.id = id,
                        .at = *at,
                        .name = "snapshot " + id.substr(0, 8) + " of " + at->rfc3339().substr(0, 19) + "Z"};
  }

  Result<std::string> run(std::vector<std::string> words) {
    const auto what = words.front();
    // restic 0.14 does not read RESTIC_CACERT by itself; later ones do.
    if (const auto own = environment_.find("RESTIC_CACERT"); own != environment_.end())
      words.insert(words.end(), {"--cacert", own->second});
    words.insert(words.begin(), "--no-lock");
    auto child = handover::Child::start({.program = "restic",
                                         .arguments = std::move(words),
                                         .environment = with_our_own(environment_),
                                         .working_folder = {}});
    if (!child) return fail(ErrorKind::absent, cannot_start(child.error()));
    std::string output, errors;
    const auto out = [&](const std::string& line) { output.append(line).push_back('\n'); };
    const auto err = [&](const std::string& line) { errors.append(line).push_back('\n'); };
    while (!child->wait(tick, out, err))
      if (stop_.stop_requested()) child->interrupt();
    if (stop_.stop_requested()) return fail(ErrorKind::stopped, "stopped");
    if (child->exit_code() == 0) return output;
    return fail(ErrorKind::io, "restic " + what + " failed: " + last_words(errors));
  }

  const Variables environment_;
  const std::stop_token stop_;
};

Result<Variables> variables_of(const fs::path& envdir) {
  if (envdir.empty()) return Variables();
  const auto read = read_envdir(envdir);
  if (!read) return fail(ErrorKind::io, read.error());
  return Variables(read->begin(), read->end());
}

}  // namespace

Result<std::unique_ptr<Repository>> open_repository(const std::string& from, const fs::path& envdir,
                                                    const fs::path& cacert_file,
                                                    const std::stop_token& stop) {
  std::error_code error;
  if (fs::exists(fs::path(from) / "format", error)) return std::make_unique<FolderCopy>(from);
  auto variables = variables_of(envdir);
  if (!variables) return tl::unexpected(variables.error());
  auto& environment = *variables;
  if (!cacert_file.empty()) environment["RESTIC_CACERT"] = cacert_file.string();
  if (!from.empty()) {
    environment["RESTIC_REPOSITORY"] = from;
    environment.erase("RESTIC_REPOSITORY_FILE");
  }
  return std::make_unique<ResticRepository>(std::move(environment), stop);
}

// What a snapshot holds was staged a moment before it was begun: a minute later is surely late enough. A
// later one than needed costs time, and is cut at the same place.
const RestorePoint& snapshot_for(const std::vector<RestorePoint>& snapshots, std::optional<Instant> at) {
  constexpr std::int64_t moment_us = 60'000'000;
  if (!at) return snapshots.back();
  const auto found = std::find_if(snapshots.begin(), snapshots.end(), [&at](const RestorePoint& snapshot) {
    return snapshot.at.unix_us >= at->unix_us + moment_us;
  });
  return found == snapshots.end() ? snapshots.back() : *found;
}

}  // namespace guichet::cli
