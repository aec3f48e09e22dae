// The I/O threads: each an io_context of its own with its sessions. A session never changes thread, so
// nothing in a driver needs a lock.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/asio.h"
#include "net/stream.h"

namespace guichet::net {

struct Loop {
  Loop() : context(1), sessions(context), work(asio::make_work_guard(context)) {}
  asio::io_context context;  // concurrency hint 1: run by one thread
  Sessions sessions;
  asio::executor_work_guard<Executor> work;
};

class Loops {
 public:
  // `busy_poll`: how long a thread looks for more to do before it sleeps.
  Loops(unsigned count, std::chrono::microseconds busy_poll);
  ~Loops();

  void start();
  // Asks every loop to stop its sessions, waits until none is left or the grace is over, ends the threads.
  void stop(std::chrono::seconds grace);
  // Each loop calls it from its own thread, behind the work that waits there; returns how many loops there
  // are.
  unsigned turn(const std::function<void()>& call);
  // After stop(): lets answers that came late be heard. False: some session is not at its end even so.
  [[nodiscard]] bool drain();
  // Round robin: how the listener deals sessions out.
  [[nodiscard]] Loop& next();
  [[nodiscard]] Loop& first() { return *loops_.front(); }

 private:
  [[nodiscard]] std::size_t sessions_left();
  void for_each(const std::function<void(Loop&)>& call);  // in each loop's own thread; waits

  const std::chrono::microseconds busy_poll_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
  std::size_t next_ = 0;
};

}  // namespace guichet::net
