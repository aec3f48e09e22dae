// What the gateway does now and then beside serving: a backup each minute, a scrub each week. Each duty has a
// thread of its own, so that a long one never keeps a short one waiting, and none of them keeps a session
// waiting: the threads are SCHED_BATCH.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace guichet::cli {

class Duty {
 public:
  // `work` is called each `interval` after the last time it ended, the first time after `first`, in this
  // object's thread; it must return soon after a stop is requested, and must not throw.
  struct Options {
    std::string name;  // of the thread, at most 15 octets
    std::chrono::milliseconds first, interval;
  };
  using Work = std::function<void(const std::stop_token& stop)>;
  Duty(Options options, Work work);
  // Requests a stop and waits for the work to return.
  ~Duty() = default;

  // Due at once; while it is being done: once more after it. From any thread.
  void wake();

 private:
  void run(const std::stop_token& stop);
  bool wait(const std::stop_token& stop, std::chrono::milliseconds time);

  const Options options_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool due_ = false;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace guichet::cli
