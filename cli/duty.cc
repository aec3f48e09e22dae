#include "cli/duty.h"

#include <utility>

#include "store/thread_kind.h"

namespace guichet::cli {

Duty::Duty(Options options, Work work)
    : options_(std::move(options)), work_(std::move(work)), thread_([this](const std::stop_token& stop) {
        store::works_in_batches(options_.name.c_str());
        run(stop);
      }) {}

void Duty::wake() {
  const std::lock_guard lock(mutex_);
  due_ = true;
  changed_.notify_one();
}

void Duty::run(const std::stop_token& stop) {
  for (auto time = options_.first; wait(stop, time); time = options_.interval)
    work_(stop);
}

// False: asked to stop.
bool Duty::wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, time, [this] { return due_; });
  due_ = false;
  return !stop.stop_requested();
}

}  // namespace guichet::cli
