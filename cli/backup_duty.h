// The copies off-site as a duty of the gateway: one each interval when there is something new, with back-off
// after failures, and an alarm when the newest mail has been here alone for too long. Intake never waits for
// it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "cli/duty.h"
#include "cli/off_site.h"
#include "conf/settings.h"
#include "store/store.h"

namespace guichet::cli {

class BackupDuty {
 public:
  struct Say {
    std::function<void(const std::string&text)> alarm, news;  // one line each; from the duty's thread
  };
  // References must outlive the object. Ends, and interrupts restic, when it is destroyed.
  BackupDuty(const conf::Settings& settings, store::Store& store, store::Disk& disk, store::Clock& clock,
             Say say);

  // {"ok":true,"run":N}: run N begins now, or when the present one has ended. status() tells when it is done.
  [[nodiscard]] std::string now();
  // status_json() with "runs_done":N and "running".
  [[nodiscard]] std::string status();

 private:
  void work(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  [[nodiscard]] bool begin_run();
  void succeeded(const std::optional<Snapshot>& made);
  void failed(const ResticFailure& failure);
  void watch_age();
  [[nodiscard]] std::chrono::seconds back_off(unsigned failures) const;

  const conf::Settings& settings_;
  store::Store& store_;
  store::Clock& clock_;
  const Say say_;
  const DurableStore durable_;
  OffSite off_site_;
  std::string alarmed_;   // the cause that was said last; "" after a success
  bool overdue_ = false;  // that was said too
  std::int64_t age_asked_us_ = 0;

  std::mutex mutex_;
  Attempt attempt_;
  bool asked_ = false, running_ = false;
  std::uint64_t begun_ = 0, done_ = 0;  // runs

  Duty duty_;  // last: it ends before what it uses
};

}  // namespace guichet::cli
