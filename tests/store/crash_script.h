// A day of a store on a disk that fails, and the oracle that knows what was said about it: which messages and
// hand-overs were acknowledged, and so must be there whatever happens.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/promised_moves.h"
#include "tests/store/workbench.h"

namespace guichet::store {

struct Promise {
  Mail mail;
  bool acknowledged = false;
};

struct HandOver {
  bool acknowledged = false;
};

class CrashScript {
 public:
  // `index_home` is a real folder: the index is SQLite's own business and does not go through the seam.
  explicit CrashScript(const std::filesystem::path& index_home);

  StoreOptions options;  // to be changed before run()

  // Everything a store does: batches of one and of many, duplicates near and far, a spooled body, several
  // recipients, hand-overs, offers in vain, what is stuck, re-queues, new volumes, a clean stop and a second
  // start. Goes on after failures as a gateway would: when the store has failed or does not open, it is
  // started once more.
  void run(ForgetfulDisk& disk);

  // After everything: opens the store and compares it with what was promised. An empty text means all is
  // well.
  [[nodiscard]] std::string check(Disk& disk);
  // The same, and then one more mail is taken, which is from now on promised too.
  [[nodiscard]] std::string check_and_go_on(Disk& disk);
  void rewind();  // forgets what check_and_go_on() promised: for the next cut of the same day

  // Copies of the index: as it is, and as it was at the clean stop.
  [[nodiscard]] bool has_older_index() const;
  void use_older_index() const;
  void delete_index() const;
  void keep_index() const;     // remembers it
  void restore_index() const;  // as it was remembered

  [[nodiscard]] std::size_t acknowledged() const;
  [[nodiscard]] const std::vector<std::string>& alarms() const { return alarms_; }
  // Set when the store acknowledged something after it had failed.
  [[nodiscard]] bool acknowledged_after_failure() const { return acknowledged_after_failure_; }
  // Set when a store acknowledged something that it was given after the disk had failed to sync for it,
  // whether or not it says that it has failed.
  [[nodiscard]] bool acknowledged_after_failed_sync() const { return acknowledged_after_failed_sync_; }
  [[nodiscard]] bool ever_failed() const { return ever_failed_; }
  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  struct Open;
  bool start(ForgetfulDisk& disk);
  void stop();
  void first_half();
  void second_half();
  void send(const std::string& octets, const std::vector<std::string>& maildrops = {"foi"},
            std::size_t spool = 0);
  void send_together(const std::vector<std::string>& octets);
  void hand_over_last(std::size_t count);
  // The newest of which nothing was said yet, besides that it is there.
  [[nodiscard]] const Mail* untouched() const;
  void offer();
  void stick();
  void requeue(const Mail* mail);
  void confirm();
  void befall(std::vector<Fact> facts);
  void answered(std::size_t promise, const Result<void>& result, bool was_doomed);
  [[nodiscard]] bool doomed() const;
  void note(const Result<void>& result, bool was_doomed);
  std::string compare(Store& store);
  std::string compare_mail(Store& store, const Promise& promise, const std::map<std::string, int>& waiting);
  std::string compare_body(Store& store, const Mail& mail);

  std::filesystem::path home_;
  SteadyClock clock_;
  CountingIds ids_;
  std::deque<Promise> promises_;
  std::size_t promises_of_day_ = 0;
  std::map<std::string, HandOver> hand_overs_;  // by uid
  PromisedMoves moves_;
  const Mail* stuck_ = nullptr;  // the last one
  std::vector<std::string> alarms_;
  std::unique_ptr<Store> store_;
  ForgetfulDisk* disk_ = nullptr;
  bool failed_seen_ = false, ever_failed_ = false, acknowledged_after_failure_ = false;
  bool acknowledged_after_failed_sync_ = false;
  bool faulted_before_open_ = false;  // the fault had happened when the store was opened: this one is sound
  std::size_t refused_ = 0;
};

}  // namespace guichet::store
