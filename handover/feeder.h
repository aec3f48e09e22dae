// Feeds one maildrop's messages to its driver, oldest first, one at a time, until each is taken (feed.h). A
// thread of its own.
//
// At least once: a crash between the other side's yes and our record of it offers the message again, with the
// same octets. Never lost: only a durable record that it was taken takes it out of the maildrop.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "handover/feed.h"

namespace guichet::handover {

class Feeder {
 public:
  // References must outlive the object.
  Feeder(FeedOptions options, std::unique_ptr<Driver> driver, store::Store& store, store::Clock& clock,
         Say say);
  // Requests a stop and waits for the attempt that is under way.
  ~Feeder() = default;

  // Something may have come in. From any thread; cheap.
  void wake();

 private:
  void run(const std::stop_token& stop);
  void sleep(const std::stop_token& stop);

  Feed feed_;  // the thread's
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace guichet::handover
