#include "cli/backup_log.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using store::Result;

// Snapshots of about two months at one a minute; then the older half goes.
constexpr std::uint64_t log_octets_max = 32ull << 20;
constexpr std::uint64_t tail_octets = 256 * 1024;

Result<std::string> read_from(store::Disk& disk, const fs::path& path, std::uint64_t octets_max) {
  auto file = disk.open_read(path);
  if (!file) return tl::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  const auto count = std::min(*size, octets_max);
  std::string text(static_cast<std::size_t>(count), '\0');
  const auto got = (*file)->read_at(text, *size - count);
  if (!got) return tl::unexpected(got.error());
  text.resize(*got);
  return text;
}

Result<void> replace(store::Disk& disk, const fs::path& path, const std::string& text) {
  auto fresh = path;
  fresh += ".new";
  (void)disk.remove(fresh);
  auto file = disk.create(fresh);
  if (!file) return tl::unexpected(file.error());
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  if (auto wrote = (*file)->write_durably({&piece, 1}, 0); !wrote) return wrote;
  return disk.rename(fresh, path);
}

std::string to_line(const Snapshot& snapshot) {
  const Json line{
      {"at", snapshot.at.rfc3339()},
      {"snapshot", snapshot.id},
      {"end", {{"volume", snapshot.end.volume}, {"offset", snapshot.end.offset}}},
      {"octets_new", snapshot.octets_new},
      {"seconds", snapshot.seconds},
      {"repository", snapshot.repository},
      {"erasures", {{"octets", snapshot.erasures.journal_octets}, {"done", snapshot.erasures.done}}},
      {"merged_volumes", snapshot.merged_volumes}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A line that a crash cut short, or of another release, is no snapshot.
std::optional<Snapshot> to_snapshot(const std::string& line) {
  const auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    const auto at = store::Instant::from_rfc3339(json.at("at").get<std::string>());
    if (!at) return std::nullopt;
    return Snapshot{.at = *at,
                    .id = json.at("snapshot"),
                    .repository = json.at("repository"),
                    .end = {json.at("end").at("volume"), json.at("end").at("offset")},
                    .erasures = {json.at("erasures").at("octets"), json.at("erasures").at("done")},
                    .octets_new = json.at("octets_new"),
                    .seconds = json.at("seconds"),
                    .merged_volumes = json.value("merged_volumes", std::uint64_t{0})};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

BackupLog::BackupLog(store::Disk& disk, fs::path store)
    : disk_(disk),
      store_(std::move(store)),
      snapshots_(store_ / "backup" / "snapshots.jsonl"),
      state_(store_ / "backup" / "state.json") {}

std::optional<Snapshot> BackupLog::last(const std::string& repository) const {
  const auto text = read_from(disk_, snapshots_, tail_octets);
  if (!text) return std::nullopt;
  const auto lines = lines_of(*text);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (auto snapshot = to_snapshot(*line); snapshot && snapshot->repository == repository) return snapshot;
  return std::nullopt;
}

Result<void> BackupLog::add(const Snapshot& snapshot) {
  auto file = disk_.open_write(snapshots_);
  if (!file && file.error().kind == store::ErrorKind::absent) file = disk_.create(snapshots_);
  if (!file) return tl::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  auto line = to_line(snapshot);
  if (*size > log_octets_max) {
    auto newer = read_from(disk_, snapshots_, log_octets_max / 2);
    if (!newer) return tl::unexpected(newer.error());
    return replace(disk_, snapshots_, newer->substr(newer->find('\n') + 1) + line);
  }
  // After a line that was cut short the next begins on its own.
  const auto before = read_from(disk_, snapshots_, 1);
  char line_end = '\n';
  const std::size_t gap = before && !before->empty() && *before != "\n" ? 1 : 0;
  const std::array<iovec, 2> pieces{{{&line_end, gap}, {line.data(), line.size()}}};
  return (*file)->write_durably(std::span(pieces).subspan(1 - gap), *size);
}

Attempt BackupLog::attempt() const {
  const auto text = read_from(disk_, state_, tail_octets);
  const auto json = Json::parse(text.value_or(""), nullptr, false);
  if (!json.is_object()) return {};
  try {
    const auto next = json.at("next_try_at");
    return {.failures = json.at("failures"),
            .last_error = json.at("last_error"),
            .next_try_at =
                next.is_string() ? store::Instant::from_rfc3339(next.get<std::string>()) : std::nullopt};
  } catch (const Json::exception&) {
    return {};
  }
}

void BackupLog::set(const Attempt& attempt) {
  Json json{{"failures", attempt.failures}, {"last_error", attempt.last_error}, {"next_try_at", nullptr}};
  if (attempt.next_try_at) json["next_try_at"] = attempt.next_try_at->rfc3339();
  (void)replace(disk_, state_, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Erasures BackupLog::erasures() const {
  Erasures found;
  if (auto file = disk_.open_read(store_ / "erasures.jsonl"))
    found.journal_octets = (*file)->size().value_or(0);
  if (auto done = read_from(disk_, store_ / "erasures.done", 4096)) found.done = *done;
  return found;
}

}  // namespace guichet::cli
