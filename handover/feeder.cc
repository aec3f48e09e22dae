#include "handover/feeder.h"

#include <pthread.h>

#include <random>
#include <utility>

namespace guichet::handover {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr Steady::duration idle_time = 1min;  // a look now and then, woken or not

FeedSeams real_seams() {
  return {.now = [] { return Steady::now(); },
          .chance =
              [random = std::minstd_rand(std::random_device{}())]() mutable {
                return std::uniform_real_distribution<double>(0, 1)(random);
              }};
}

}  // namespace

Feeder::Feeder(FeedOptions options, std::unique_ptr<Driver> driver, store::Store& store, store::Clock& clock,
               Say say)
    : feed_(std::move(options), std::move(driver), store, clock, std::move(say), real_seams()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Feeder::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  changed_.notify_one();
}

void Feeder::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "handover");
  while (!stop.stop_requested())
    if (!feed_.round(stop)) sleep(stop);
}

void Feeder::sleep(const std::stop_token& stop) {
  const auto until = feed_.next(idle_time);
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, until, [this] { return woken_ && feed_.is_reachable(); });
  woken_ = false;
}

}  // namespace guichet::handover
