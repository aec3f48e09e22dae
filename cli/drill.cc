#include "cli/drill.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/restoring.h"
#include "store/marks.h"
#include "store/same_history.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using store::ErrorKind;
using store::fail;
using store::Result;

constexpr const char* scratch_prefix = "guichet-drill-";
constexpr std::int64_t day_us = 86'400'000'000;

struct Stopped {};  // thrown out of verify, which has no other way out

// --- The scratch folder --------------------------------------------------------------------------------

class Scratch {
 public:
  explicit Scratch(const fs::path& base) : path_((base / scratch_prefix).string() + "XXXXXX") {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~Scratch() {
    std::error_code error;
    if (made_) fs::remove_all(path_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] bool is_made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

// Of a drill that was killed: ours, marked, and nobody holds its lock.
void remove_left_over(store::Disk& disk, const fs::path& base) {
  std::error_code error;
  for (fs::directory_iterator entry(base, error), end; !error && entry != end; entry.increment(error)) {
    const auto& path = entry->path();
    struct stat status {};
    if (!path.filename().string().starts_with(scratch_prefix) || ::lstat(path.c_str(), &status) != 0)
      continue;
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
    std::error_code ignored;
    if (fs::exists(path / store::restoring_mark, ignored) && disk.lock(path / "lock"))
      fs::remove_all(path, ignored);
  }
}

fs::path scratch_base(const conf::Settings& settings) {
  std::error_code error;
  return settings.backup.drill_path.empty() ? fs::temp_directory_path(error) : settings.backup.drill_path;
}

// --- The record ----------------------------------------------------------------------------------------

fs::path records_file(const fs::path& store) {
  return store / "backup" / "drills.jsonl";
}

Result<void> append(store::Disk& disk, const fs::path& store, const DrillRecord& record) {
  const auto path = records_file(store);
  if (auto made = disk.make_folder(path.parent_path()); !made) return made;
  auto file = disk.open_write(path);
  if (!file && file.error().kind == ErrorKind::absent) file = disk.create(path);
  if (!file) return tl::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  auto line = json{{"at", record.at.rfc3339()},
                   {"snapshot", record.snapshot},
                   {"messages", record.messages},
                   {"seconds", record.seconds},
                   {"result", record.result}}
                  .dump(-1, ' ', false, json::error_handler_t::replace) +
              "\n";
  const iovec piece{line.data(), line.size()};
  if (auto wrote = (*file)->write_durably({&piece, 1}, *size); !wrote) return wrote;
  return disk.sync_folder(path.parent_path());
}

std::optional<DrillRecord> record_of(const std::string& line) {
  const auto parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto at = store::Instant::from_rfc3339(
      parsed.value("at", json()).is_string() ? parsed["at"].get<std::string>() : "");
  if (!at || !parsed.value("result", json()).is_string()) return std::nullopt;
  const auto number = [&parsed](const char* name) {
    const auto value = parsed.value(name, json());
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : std::uint64_t{0};
  };
  const auto snapshot = parsed.value("snapshot", json());
  return DrillRecord{.at = *at,
                     .snapshot = snapshot.is_string() ? snapshot.get<std::string>() : "",
                     .messages = number("messages"),
                     .seconds = number("seconds"),
                     .result = parsed["result"].get<std::string>()};
}

// --- The drill -----------------------------------------------------------------------------------------

class Drill {
 public:
  Drill(const conf::Settings& settings, const DrillRequest& request, store::Alarm alarm, std::stop_token stop)
      : settings_(settings),
        from_(request.from.empty() ? settings.backup.repository : request.from),
        envdir_(request.from.empty() ? settings.backup.envdir : request.envdir),
        cacert_(request.from.empty() ? settings.backup.cacert_file : fs::path()),
        alarm_(std::move(alarm)),
        stop_(std::move(stop)),
        disk_(store::real_disk()) {}

  // stopped: nothing was recorded.
  Result<DrillRecord> run() {
    const auto begin = std::chrono::steady_clock::now();
    record_.at = store::real_clock()->now();
    if (auto done = attempt(); !done && done.error().kind == ErrorKind::stopped)
      return tl::unexpected(done.error());
    else if (!done)
      record_.result = done.error().text;
    const auto took = std::chrono::steady_clock::now() - begin;
    record_.seconds =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(took).count());
    if (auto kept = append(*disk_, settings_.store.path, record_); !kept) return tl::unexpected(kept.error());
    return record_;
  }

 private:
  Result<void> attempt() {
    if (from_.empty())
      return fail(ErrorKind::absent,
                  "there is no repository to restore from: set backup.repository, or give --from");
    auto repository = open_repository(from_, envdir_, cacert_, stop_);
    if (!repository) return tl::unexpected(repository.error());
    const auto base = scratch_base(settings_);
    remove_left_over(*disk_, base);
    const Scratch scratch(base);
    if (!scratch.is_made())
      return fail(ErrorKind::io,
                  "cannot make a folder in " + base.string() + "; set backup.drill_path to one");
    const auto lock = store::begin_restore(*disk_, scratch.path(), "drill");
    if (!lock) return tl::unexpected(lock.error());
    return restore_and_compare(**repository, scratch.path());
  }

  Result<void> restore_and_compare(Repository& repository, const fs::path& scratch) {
    // The scratch folder may be on the store's own disk: its reserve is not for drills.
    constexpr std::uint64_t spare_octets = 512ull << 20;
    RestoreJob job{.to = scratch, .at = {}, .spare_octets = spare_octets, .completion = {}, .alarm = alarm_};
    job.completion.verify.progress = [this](auto, auto) {
      if (stop_.stop_requested()) throw Stopped();
    };
    try {
      const auto restored = restore_into(repository, *disk_, job);
      if (!restored) return tl::unexpected(restored.error());
      record_.snapshot = restored->snapshot.id;
      record_.messages = restored->report.messages;
      return judge(restored->report.findings, scratch);
    } catch (const Stopped&) {
      return fail(ErrorKind::stopped, "stopped");
    }
  }

  Result<void> judge(store::Findings findings, const fs::path& scratch) {
    const store::Archive copy(*disk_, scratch), live(*disk_, settings_.store.path);
    auto different = store::differences(copy, live);
    if (!different) return tl::unexpected(different.error());
    findings.insert(findings.end(), different->begin(), different->end());
    std::erase_if(findings, [](const auto& finding) { return finding.kind != store::FindingKind::damage; });
    record_.result = "proven";
    if (findings.empty()) return {};
    const auto& first = findings.front();
    return fail(ErrorKind::damaged,
                in_words(findings.size(), "finding") + ", the first: " + first.where + ": " + first.what);
  }

  const conf::Settings& settings_;
  const std::string from_;
  const fs::path envdir_, cacert_;
  const store::Alarm alarm_;
  const std::stop_token stop_;
  const std::unique_ptr<store::Disk> disk_;
  DrillRecord record_;
};

bool is_due(const fs::path& store, std::int64_t days) {
  const auto last = last_drill(store, false);
  if (!last) return true;
  const auto wait = last->proven() ? days : std::min<std::int64_t>(days, 1);
  return store::real_clock()->now().unix_us - last->at.unix_us >= wait * day_us;
}

void do_duty(const conf::Settings& settings, const store::Alarm& alarm, const std::stop_token& stop) {
  const auto& store = settings.store.path;
  const auto disk = store::real_disk();
  if (store::detached(*disk, store) || !is_due(store, settings.backup.drill_days)) return;
  const auto record = Drill(settings, {}, alarm, stop).run();
  if (!record && record.error().kind == ErrorKind::stopped) return;
  if (!record) return alarm("the restore drill could not be recorded: " + record.error().text);
  if (!record->proven()) alarm("the restore drill failed: " + record->result + "; run guichet backup drill");
}

}  // namespace

int backup_drill(const conf::Settings& settings, const DrillRequest& request) {
  const auto store = open_archive(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto record = Drill(settings, request, [](const std::string& text) { complain(text); }, {}).run();
  if (!record) return complain(record.error().text);
  if (!record->proven()) return complain("the restore drill FAILED: " + record->result);
  std::cout << "proven: snapshot " << plain(record->snapshot.substr(0, 8)) << " was restored and verified, "
            << in_words(record->messages, "message") << ", and says what the store says; "
            << in_words(record->seconds, "second") << '\n';
  return 0;
}

std::optional<DrillRecord> last_drill(const fs::path& store, bool proven) {
  std::ifstream stream(records_file(store));
  std::optional<DrillRecord> last;
  for (std::string line; std::getline(stream, line);)
    if (auto record = record_of(line); record && (!proven || record->proven())) last = std::move(record);
  return last;
}

std::unique_ptr<Duty> drill_duty(const conf::Settings& settings, store::Alarm alarm) {
  if (settings.backup.drill_days == 0 || settings.backup.repository.empty()) return nullptr;
  return std::make_unique<Duty>(
      Duty::Options{.name = "drill", .first = std::chrono::minutes(10), .interval = std::chrono::hours(1)},
      [&settings, alarm = std::move(alarm)](const std::stop_token& stop) { do_duty(settings, alarm, stop); });
}

}  // namespace guichet::cli
