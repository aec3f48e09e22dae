// What is to be done next for one maildrop that is pushed: which message is tried, and what its outcome
// means. No thread and no clock of its own; the feeder has both.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "handover/driver.h"
#include "handover/schedule.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::handover {

struct FeedOptions {
  std::string maildrop;
  unsigned offers_max = 100;  // refused for now so often, while others were taken: stuck; 0: never
};

// One line for the log; `alarm`: somebody has to know.
struct Say {
  std::function<void(const std::string&text)> alarm, news;
};

// Time for the schedule, and chance from 0 to 1.
struct FeedSeams {
  std::function<Schedule::Time()> now;
  std::function<double()> chance;
};

// One thread at a time. References must outlive the object.
class Feed {
 public:
  Feed(FeedOptions options, std::unique_ptr<Driver> driver, store::Store& store, store::Clock& clock, Say say,
       FeedSeams seams);

  // Tries what is due: of what is new and of what was refused before some of each, so that neither keeps the
  // other waiting, however much there is of it. True: something was done, there may be more.
  bool round(const std::stop_token& stop);
  // When there may be something to do without any news.
  [[nodiscard]] Schedule::Time next(Schedule::Duration at_most) const;
  [[nodiscard]] bool is_reachable() const { return schedule_.is_reachable(); }

 private:
  [[nodiscard]] std::vector<store::WaitingRow> offerable();
  [[nodiscard]] std::vector<store::WaitingRow> in_turn(std::vector<store::WaitingRow> rows) const;
  void attempt(const store::WaitingRow& row, const std::stop_token& stop);
  [[nodiscard]] store::Result<Item> item_of(const store::WaitingRow& row);
  void conclude(const store::WaitingRow& row, const Outcome& outcome);
  void taken(const store::WaitingRow& row);
  void unreadable(const store::WaitingRow& row, const store::Error& why);
  void refused(const store::WaitingRow& row, const std::string& detail);
  void stuck(const store::WaitingRow& row, const std::string& reason);
  void unreachable(const std::string& detail);
  void reached();
  [[nodiscard]] bool record(store::Fact fact);

  const FeedOptions options_;
  const std::unique_ptr<Driver> driver_;
  store::Store& store_;
  store::Clock& clock_;
  const Say say_;
  const FeedSeams seams_;
  Schedule schedule_;
  store::Instant last_taken_;  // since the start
  store::Uid last_tried_;
};

}  // namespace guichet::handover
