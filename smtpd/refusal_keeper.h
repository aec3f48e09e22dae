// Keeps refusals as evidence: takes them from the sessions, and writes them in a thread of its own, about
// once a second, with one barrier for all of that second. A power cut takes what was refused in the last
// second, and no more; a reply never waits for the disk. Nothing here can keep mail from being taken: what
// cannot be written is counted as left out, with an alarm.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "smtpd/refusal_budget.h"
#include "smtpd/refusal_record.h"
#include "store/disk.h"
#include "store/refusal_volumes.h"
#include "store/seams.h"

namespace guichet::smtpd {

struct RefusalOptions {
  std::filesystem::path store;
  RefusalLimits limits;
  std::uint64_t octets_per_day_max = 16ull << 20;
  unsigned keep_days = 90;               // 0: nothing is kept
  std::function<bool()> has_room;        // without touching what is reserved for mail
  std::function<bool()> may_delete_old;  // not in a copy that is only looked at
  store::Alarm alarm;                    // called in this object's thread
};

// Thread-safe. The store's lock is held as long as the object lives. References must outlive it.
class RefusalKeeper {
 public:
  RefusalKeeper(store::Disk& disk, store::Clock& clock, store::IdSource& ids, RefusalOptions options);
  ~RefusalKeeper();  // writes what waits

  // not_wanted: none are kept here. no_room: it is no flood, but the day or the memory is full. left_out: a
  // flood.
  enum class Added { kept, not_wanted, no_room, left_out };
  Added add(const RefusalRecord& record);
  // Returns when all that was added before is written, or cannot be.
  void flush();

 private:
  void run(const std::stop_token& stop);
  void wait_for_some(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  [[nodiscard]] std::vector<std::string> take(bool last);
  void write(const std::vector<std::string>& blocks);
  void delete_old();

  store::Disk& disk_;
  store::Clock& clock_;
  const RefusalOptions options_;
  store::RefusalWriter writer_;  // of the thread alone
  std::optional<store::Instant> looked_for_old_;
  bool failed_ = false;  // and said so
  std::mutex mutex_;
  std::condition_variable_any changed_;
  RefusalBudget budget_;
  std::vector<std::string> waiting_;
  std::uint64_t octets_left_today_;
  std::string today_;
  std::uint64_t asked_ = 0, done_ = 0;  // flush()
  std::jthread thread_;                 // last: it ends before what it uses
};

}  // namespace guichet::smtpd
