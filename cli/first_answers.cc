#include "cli/first_answers.h"

#include <algorithm>
#include <utility>

namespace guichet::cli {

FirstAnswers::FirstAnswers(std::chrono::milliseconds patience)
    : patience_(patience), thread_([this](const std::stop_token& stop) { run(stop); }) {}

FirstAnswers::~FirstAnswers() {
  thread_.request_stop();
  thread_.join();
  for (auto& [message, waiting] : waiting_)
    waiting.done(std::nullopt);
}

void FirstAnswers::wait(const store::MessageId& message, Done done) {
  const std::lock_guard lock(mutex_);
  waiting_.insert_or_assign(message.uuid, Waiting{Clock::now() + patience_, std::move(done), false});
  changed_.notify_one();
}

bool FirstAnswers::claim(const store::MessageId& message) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(message.uuid);
  if (found == waiting_.end()) return false;
  return found->second.claimed = true;
}

void FirstAnswers::answer(const store::MessageId& message, std::optional<smtpd::Reply> refusal) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(message.uuid);
    if (found == waiting_.end()) return;
    done = std::move(found->second.done);
    waiting_.erase(found);
  }
  done(std::move(refusal));
}

std::optional<FirstAnswers::Clock::time_point> FirstAnswers::first_deadline() const {
  std::optional<Clock::time_point> first;
  for (const auto& [message, waiting] : waiting_)
    if (!waiting.claimed && (!first || waiting.until < *first)) first = waiting.until;
  return first;
}

std::optional<FirstAnswers::Done> FirstAnswers::take_late() {
  const auto now = Clock::now();
  const auto late = std::ranges::find_if(
      waiting_, [now](const auto& entry) { return !entry.second.claimed && entry.second.until <= now; });
  if (late == waiting_.end()) return std::nullopt;
  auto done = std::move(late->second.done);
  waiting_.erase(late);
  return done;
}

void FirstAnswers::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const auto done = take_late()) {
      lock.unlock();
      (*done)(std::nullopt);
      lock.lock();
      continue;
    }
    const auto until = first_deadline().value_or(Clock::now() + std::chrono::hours(1));
    changed_.wait_until(lock, stop, until, [&] { return first_deadline().value_or(until) < until; });
  }
}

}  // namespace guichet::cli
