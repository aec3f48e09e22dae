// Feeds one maildrop's messages to its driver, oldest first, one at a time, until each is taken. A thread of
// its own.
//
// At least once: a crash between the other side's yes and our record of it offers the message again, with the
// same octets. Never lost: only a durable record that it was taken takes it out of the maildrop.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "handover/driver.h"
#include "handover/schedule.h"
#include "store/store.h"

namespace guichet::handover {

struct FeederOptions {
  std::string maildrop;
  unsigned offers_max = 100;  // refused for now so often, while others were taken: stuck; 0: never
};

class Feeder {
 public:
  // One line for the log; `alarm`: somebody has to know.
  struct Say {
    std::function<void(const std::string&text)> alarm, news;
  };

  // References must outlive the object.
  Feeder(FeederOptions options, std::unique_ptr<Driver> driver, store::Store& store, store::Clock& clock,
         Say say);
  // Requests a stop and waits for the attempt that is under way.
  ~Feeder() = default;

  // Something may have come in. From any thread; cheap.
  void wake();

 private:
  void run(const std::stop_token& stop);
  bool round(const std::stop_token& stop);
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
  void sleep(const std::stop_token& stop);
  [[nodiscard]] double chance();

  const FeederOptions options_;
  const std::unique_ptr<Driver> driver_;
  store::Store& store_;
  store::Clock& clock_;
  const Say say_;
  Schedule schedule_;
  std::minstd_rand random_{std::random_device{}()};
  store::Instant last_taken_;  // since the start
  store::Uid last_tried_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace guichet::handover
