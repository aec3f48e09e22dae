#include "cli/off_site.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "store/scan.h"
#include "store/stage.h"
#include "store/warc.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using store::Place;

// Numbers from here on are other stores' volumes, merged in; those are sealed.
constexpr std::uint32_t own_volumes_end = 1'000'000;
constexpr std::chrono::seconds patience_with_child{20};

tl::unexpected<ResticFailure> local(std::string text) {
  return tl::unexpected(ResticFailure{Trouble::local, std::move(text)});
}

std::string text_of(Place end) {
  return std::to_string(end.volume) + ":" + std::to_string(end.offset);
}

// Held while copies are staged and read. The restic that reads them holds it too: when this process is
// killed, the next one must not change what is still being read.
class CopyLock {
 public:
  explicit CopyLock(const fs::path& file)
      : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)) {}
  ~CopyLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  CopyLock(const CopyLock&) = delete;
  CopyLock& operator=(const CopyLock&) = delete;

  // An orphan ends by itself, at the next line that it cannot write.
  [[nodiscard]] bool take(const std::stop_token& stop) const {
    const auto begin = std::chrono::steady_clock::now();
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (stop.stop_requested() || std::chrono::steady_clock::now() - begin > patience_with_child)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// What restic says of itself, line by line (restic backup --json).
class Progress {
 public:
  // True: further than before.
  bool take(const std::string& line) {
    const auto json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return false;
    if (json.value("message_type", "") == "summary") snapshot_ = json.value("snapshot_id", "");
    const auto done = json.value("bytes_done", std::uint64_t{0}) +
                      json.value("files_done", std::uint64_t{0}) +
                      json.value("total_bytes", std::uint64_t{0});
    return std::exchange(done_, done) != done;
  }
  [[nodiscard]] const std::string& snapshot() const { return snapshot_; }

 private:
  std::string snapshot_;
  std::uint64_t done_ = 0;
};

std::vector<std::string> backup_arguments(const fs::path& store, const Snapshot& next,
                                          const store::Staged& staged) {
  std::vector<std::string> words{"backup", "--json",  "--host", "guichet",
                                 "--tag",  "guichet", "--tag",  "end=" + text_of(next.end)};
  const auto exclude = [&words](const std::string& pattern) {
    words.emplace_back("--exclude");
    words.push_back(pattern);
  };
  for (const auto& pattern : volumes_beyond(staged.sealed_through))
    exclude(pattern);
  for (const auto volume : staged.superseded)
    exclude("backup/active/" + store::active_folder(store, volume).filename().string());
  for (const auto* path : {"format", "volumes", "backup/active", "erasures.jsonl", "refusals"})
    if (std::error_code error; fs::exists(store / path, error)) words.emplace_back(path);
  return words;
}

}  // namespace

// "00000041": whatever has a higher digit in one place and the same before it is beyond.
std::vector<std::string> volumes_beyond(std::uint32_t last) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08u", last);
  const std::string number = text.data();
  std::vector<std::string> patterns{"volumes/*[^c]"};  // .torn and whatever is being made
  for (std::size_t at = 2; at < number.size(); ++at) {
    if (number[at] == '9') continue;
    const auto higher = static_cast<char>(number[at] + 1);
    patterns.push_back("volumes/" + number.substr(0, at) + "[" + higher + "-9]" +
                       std::string(number.size() - at - 1, '?') + ".warc");
  }
  return patterns;
}

OffSite::OffSite(const conf::Settings& settings, store::Disk& disk, store::Clock& clock)
    : settings_(settings),
      disk_(disk),
      clock_(clock),
      store_(fs::absolute(settings.store.path)),
      archive_(disk, store_),
      repository_(without_credentials(settings.backup.repository)),
      log_(disk, store_) {}

OffSite::Made OffSite::run(const DurableStore& durable, bool own_group, const std::function<void()>& on_tick,
                           const std::stop_token& stop) {
  if (std::error_code error; fs::exists(store_ / "detached", error))
    return local("this store is a detached copy and is not backed up; `guichet adopt` makes it the one");
  Snapshot next{.at = clock_.now(),
                .id = {},
                .repository = repository_,
                .end = durable.end(),
                .erasures = log_.erasures()};
  next.merged_volumes = merged_volumes();
  const auto last = log_.last(repository_);
  if (next.end.volume == 0 || (last && last->says_the_same_as(next))) return std::nullopt;
  if (auto made = disk_.make_folder(store_ / "backup" / "active"); !made) return local(made.error().text);
  const CopyLock lock(store_ / "backup" / "lock");
  if (!lock.take(stop)) return local("a restic of an earlier run still reads the copies; it is tried again");
  auto options = restic_options(settings_);
  options.own_group = own_group;
  options.kept_descriptor = lock.descriptor();
  auto made = make(durable, next, last, std::move(options), {.on_tick = on_tick}, stop);
  if (!made) return tl::unexpected(made.error());
  return std::optional(std::move(*made));
}

tl::expected<Snapshot, ResticFailure> OffSite::make(const DurableStore& durable, Snapshot next,
                                                    const std::optional<Snapshot>& last,
                                                    ResticOptions options, const ResticWatch& watch,
                                                    const std::stop_token& stop) {
  const bool afresh = next.erasures != (last ? last->erasures : Erasures());
  const auto staged =
      store::stage(disk_, store_, {.end = next.end, .afresh = afresh, .has_room = durable.has_room});
  if (!staged) return local(staged.error().text);
  Progress progress;
  auto watched = watch;
  watched.on_line = [&progress](const std::string& line) { return progress.take(line); };
  if (auto done = run_restic(options, backup_arguments(store_, next, *staged), watched, stop); !done)
    return tl::unexpected(done.error());
  if (progress.snapshot().empty())
    return tl::unexpected(
        ResticFailure{Trouble::other, "restic ended well but named no snapshot; is it 0.14 or later?"});
  next.id = progress.snapshot();
  next.octets_new = behind(next.end).octets;
  next.seconds = static_cast<double>(clock_.now().unix_us - next.at.unix_us) / 1e6;
  if (auto logged = log_.add(next); !logged) return local(logged.error().text);
  if (auto dropped = store::drop(disk_, store_, staged->superseded); !dropped)
    return local(dropped.error().text);
  return next;
}

Behind OffSite::behind(Place end) const {
  const auto last = log_.last(repository_);
  const Place from = last ? last->end : Place{};
  const auto volumes = archive_.volumes();
  Behind found;
  add_history(last, found);
  if (!volumes) return found;
  for (const auto& volume : *volumes) {
    if (volume.number < from.volume || volume.number > end.volume) continue;
    const auto file = archive_.open(volume.number);
    if (!file) continue;
    const auto begin = volume.number == from.volume ? from.offset : 0;
    const auto length = volume.number == end.volume ? end.offset : (*file)->size().value_or(0);
    if (length <= begin) continue;
    found.octets += length - begin;
    if (found.oldest) continue;
    std::string octets(store::header_octets_max, '\0');
    octets.resize((*file)->read_at(octets, begin).value_or(0));
    if (const auto record = store::decode_header(octets, store::Digest{})) found.oldest = record->header.date;
  }
  return found;
}

std::uint64_t OffSite::merged_volumes() const {
  const auto volumes = archive_.merged_volumes();
  return volumes ? volumes->size() : 0;
}

// History that came in since: all of it counts, whichever part is new.
void OffSite::add_history(const std::optional<Snapshot>& last, Behind& behind) const {
  const auto volumes = archive_.merged_volumes();
  if (!volumes || volumes->size() == (last ? last->merged_volumes : 0)) return;
  for (const auto& volume : *volumes)
    if (const auto file = archive_.open(volume.number)) behind.octets += (*file)->size().value_or(0);
}

store::Result<Place> OffSite::end_at_rest() const {
  const auto volumes = archive_.volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  for (auto volume = volumes->rbegin(); volume != volumes->rend(); ++volume) {
    if (volume->number >= own_volumes_end) continue;
    const auto file = archive_.open(volume->number);
    if (!file) return tl::unexpected(file.error());
    if ((*file)->is_read_only().value_or(false)) return Place{volume->number, (*file)->size().value_or(0)};
    const auto scan = store::scan_volume(**file, volume->number, {.read_bodies = false},
                                         [](const auto&) { return store::Result<void>(); });
    if (!scan) return tl::unexpected(scan.error());
    return Place{volume->number, scan->end};
  }
  return Place{};
}

std::string status_json(const OffSite& off_site, const Attempt& attempt, Place end, store::Instant now) {
  const auto last = off_site.last();
  const auto behind = off_site.behind(end);
  Json json{{"ok", true},
            {"repository", off_site.repository()},
            {"last_snapshot_at", nullptr},
            {"snapshot", nullptr},
            {"end", nullptr},
            {"behind_octets", behind.octets},
            {"oldest_not_offsite_s", nullptr},
            {"last_error", nullptr},
            {"next_try_at", nullptr}};
  if (last) {
    json["last_snapshot_at"] = last->at.rfc3339();
    json["snapshot"] = last->id;
    json["end"] = {{"volume", last->end.volume}, {"offset", last->end.offset}};
  }
  if (behind.oldest)
    json["oldest_not_offsite_s"] =
        std::max<std::int64_t>(0, (now.unix_us - behind.oldest->unix_us) / 1'000'000);
  if (attempt.failures > 0) json["last_error"] = attempt.last_error;
  if (attempt.next_try_at) json["next_try_at"] = attempt.next_try_at->rfc3339();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace guichet::cli
