#include "cli/backup_duty.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace guichet::cli {
namespace {

constexpr unsigned back_off_max = 5;  // intervals
constexpr std::int64_t second_us = 1'000'000;

std::string seconds_text(std::int64_t us) {
  return std::to_string(us / second_us) + " s";
}

}  // namespace

BackupDuty::BackupDuty(const conf::Settings& settings, store::Store& store, store::Disk& disk,
                       store::Clock& clock, Say say)
    : settings_(settings),
      store_(store),
      clock_(clock),
      say_(std::move(say)),
      durable_{.end = [&store] { return store.durable_end(); },
               .has_room = [&store](std::uint64_t octets) { return store.has_room(octets); }},
      off_site_(settings, disk, clock),
      attempt_(off_site_.log().attempt()),
      duty_({.name = "backup",
             .first = std::chrono::seconds(1),
             .interval = std::chrono::seconds(settings.backup.interval_s)},
            [this](const std::stop_token& stop) { work(stop); }) {
  attempt_.next_try_at.reset();  // of a run that has ended: what kept it from working may have been mended
}

std::string BackupDuty::now() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  duty_.wake();
  return nlohmann::json{{"ok", true}, {"run", begun_ + 1}}.dump();
}

std::string BackupDuty::status() {
  std::unique_lock lock(mutex_);
  const auto attempt = attempt_;
  const auto running = running_;
  const auto done = done_;
  lock.unlock();
  auto json =
      nlohmann::ordered_json::parse(status_json(off_site_, attempt, store_.durable_end(), clock_.now()));
  json["running"] = running;
  json["runs_done"] = done;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void BackupDuty::work(const std::stop_token& stop) {
  lower_priority();
  watch_age();
  if (begin_run()) run(stop);
}

// False: the last one failed, and it is too early to try again.
bool BackupDuty::begin_run() {
  const std::lock_guard lock(mutex_);
  const bool early = attempt_.next_try_at && clock_.now() < *attempt_.next_try_at;
  if (!std::exchange(asked_, false) && early) return false;
  running_ = true;
  ++begun_;
  return true;
}

void BackupDuty::run(const std::stop_token& stop) {
  const auto made = off_site_.run(
      durable_, /*own_group=*/true, [this] { watch_age(); }, stop);
  if (made) succeeded(*made);
  if (!made && made.error().trouble != Trouble::stopped) failed(made.error());
  const std::lock_guard lock(mutex_);
  running_ = false;
  done_ = begun_;
}

void BackupDuty::succeeded(const std::optional<Snapshot>& made) {
  const bool failed_before = !alarmed_.empty();
  // Nothing new says nothing of the repository.
  if (!made) return;
  if (failed_before) say_.news("the backup works again: snapshot " + made->id);
  alarmed_.clear();
  const std::lock_guard lock(mutex_);
  if (attempt_.failures > 0) off_site_.log().set({});
  attempt_ = {};
}

void BackupDuty::failed(const ResticFailure& failure) {
  {
    const std::lock_guard lock(mutex_);
    attempt_.last_error = failure.text;
    ++attempt_.failures;
    attempt_.next_try_at =
        store::Instant{clock_.now().unix_us + back_off(attempt_.failures).count() * second_us};
    off_site_.log().set(attempt_);
  }
  // The same cause in other words (an address, a duration) is no news.
  const auto cause = failure.trouble == Trouble::other || failure.trouble == Trouble::local
                         ? failure.text
                         : std::to_string(static_cast<int>(failure.trouble));
  if (std::exchange(alarmed_, cause) != cause) say_.alarm("backup: " + failure.text);
}

std::chrono::seconds BackupDuty::back_off(unsigned failures) const {
  const auto times = std::min(back_off_max, failures > 3 ? back_off_max : 1U << (failures - 1));
  return std::chrono::seconds(settings_.backup.interval_s) * times;
}

// Once each time the limit is crossed. Asked at most once a second: it reads the log and a header.
void BackupDuty::watch_age() {
  const auto now = clock_.now();
  if (std::abs(now.unix_us - age_asked_us_) < second_us) return;
  age_asked_us_ = now.unix_us;
  const auto behind = off_site_.behind(store_.durable_end());
  const auto age_us = behind.oldest ? now.unix_us - behind.oldest->unix_us : 0;
  const bool overdue = age_us > std::int64_t{settings_.backup.alarm_after_s} * second_us;
  if (std::exchange(overdue_, overdue) == overdue) return;
  if (!overdue) return say_.news("all mail but the newest is off-site again");
  const std::lock_guard lock(mutex_);
  say_.alarm("the oldest message that is not off-site came " + seconds_text(age_us) +
             " ago (backup.alarm_after_s = " + std::to_string(settings_.backup.alarm_after_s) + ")" +
             (attempt_.last_error.empty() ? "" : ": " + attempt_.last_error));
}

}  // namespace guichet::cli
