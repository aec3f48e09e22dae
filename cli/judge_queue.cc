#include "cli/judge_queue.h"

#include <utility>

namespace guichet::cli {

JudgeQueue::JudgeQueue(Refill refill, std::size_t items_max)
    : refill_(std::move(refill)), items_max_(items_max) {}

void JudgeQueue::add(const store::MessageId& message) {
  put(message, false);
}

void JudgeQueue::add_first(const store::MessageId& message) {
  put(message, true);
}

void JudgeQueue::put(const store::MessageId& message, bool first) {
  const std::lock_guard lock(mutex_);
  if (ready_.size() >= items_max_ && !first) {
    left_out_ = true;
    return;
  }
  if (!known_.insert(message.uuid).second) return;
  (first ? first_ : ready_).push_back(message);
  changed_.notify_one();
}

// More than so many do not wait.
void JudgeQueue::add_later(const store::MessageId& message, Clock::time_point due) {
  const std::lock_guard lock(mutex_);
  known_.insert(message.uuid);
  waiting_.insert(message.uuid);
  later_.emplace(later_.size() < items_max_ ? due : Clock::now(), message);
  changed_.notify_one();
}

void JudgeQueue::look_in_index() {
  const std::lock_guard lock(mutex_);
  left_out_ = true;
  changed_.notify_one();
}

void JudgeQueue::release_due() {
  const auto now = Clock::now();
  while (!later_.empty() && later_.begin()->first <= now) {
    ready_.push_back(later_.begin()->second);
    waiting_.erase(later_.begin()->second.uuid);
    later_.erase(later_.begin());
    changed_.notify_one();
  }
}

std::optional<store::MessageId> JudgeQueue::next() {
  release_due();
  auto& from = first_.empty() ? ready_ : first_;
  if (from.empty()) return std::nullopt;
  const auto message = from.front();
  from.pop_front();
  return message;
}

std::optional<store::MessageId> JudgeQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const auto message = next()) return message;
    if (std::exchange(left_out_, false)) {
      lock.unlock();
      const auto messages = refill_();
      for (const auto& message : messages)
        add(message);
      lock.lock();
      continue;
    }
    // A copy: another thread may take away what it stands in.
    const auto due = later_.empty() ? Clock::time_point::max() : later_.begin()->first;
    const auto ready = [&] {
      return !first_.empty() || !ready_.empty() || left_out_ ||
             (!later_.empty() && later_.begin()->first < due);
    };
    if (due == Clock::time_point::max())
      changed_.wait(lock, stop, ready);
    else
      changed_.wait_until(lock, stop, due, ready);
  }
  return std::nullopt;
}

void JudgeQueue::done(const store::MessageId& message) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.contains(message.uuid)) known_.erase(message.uuid);
}

std::size_t JudgeQueue::size() const {
  const std::lock_guard lock(mutex_);
  return first_.size() + ready_.size() + later_.size();
}

}  // namespace guichet::cli
