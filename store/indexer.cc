#include "store/indexer.h"

#include <exception>
#include <utility>

#include "store/projection.h"
#include "store/thread_kind.h"

namespace guichet::store {

Indexer::Indexer(std::unique_ptr<Index> index, const Archive& archive, Alarm alarm, IndexPosition position,
                 Inspect inspect)
    : index_(std::move(index)),
      archive_(archive),
      alarm_(std::move(alarm)),
      inspect_(std::move(inspect)),
      end_(position),
      thread_([this] { run(); }) {}

Indexer::~Indexer() {
  stop();
}

void Indexer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_one();
  changed_.notify_all();
  std::call_once(joined_, [this] { thread_.join(); });
}

void Indexer::push(std::vector<News> news, IndexPosition end) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = pushed_ == tried_;
    // Behind a long rebuild the news would pile up without end: the volumes have them.
    if (news_.size() > news_kept_max) {
      news_.clear();
      news_dropped_ = true;
    } else if (news_.empty()) {
      news_ = std::move(news);
    } else {
      news_.insert(news_.end(), std::make_move_iterator(news.begin()), std::make_move_iterator(news.end()));
    }
    end_ = end;
    ++pushed_;
    wake = wake || news_.size() >= gather_news_max;
  }
  if (wake) work_.notify_one();
}

Result<void> Indexer::wait() {
  std::unique_lock lock(mutex_);
  if (behind_ && tried_ == pushed_) ++pushed_;  // whoever asks makes it try again
  const auto target = pushed_;
  asked_ = true;
  work_.notify_one();
  changed_.wait(lock, [&] { return stop_ || tried_ >= target; });
  if (applied_ >= target) return {};
  if (stop_) return fail(ErrorKind::stopped, "the index has stopped");
  return tl::unexpected(last_error_);
}

Result<void> Indexer::rebuild() {
  {
    const std::lock_guard lock(mutex_);
    wishes_.rebuild = true;
    ++pushed_;
  }
  return wait();
}

Result<void> Indexer::empty_log() {
  {
    const std::lock_guard lock(mutex_);
    wishes_.empty_log = true;
    ++pushed_;
  }
  return wait();
}

Result<std::size_t> Indexer::take_in_merged() {
  {
    const std::lock_guard lock(mutex_);
    wishes_.merged = true;
    ++pushed_;
  }
  if (auto current = wait(); !current) return tl::unexpected(current.error());
  const std::lock_guard lock(mutex_);
  return merged_left_;
}

void Indexer::run() {
  works_in_batches("store-index");
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stop_ || pushed_ > tried_; });
    if (pushed_ == tried_) return;  // stopping, with nothing left to do
    work_.wait_for(lock, gather_time, [this] { return stop_ || asked_ || news_.size() >= gather_news_max; });
    asked_ = false;
    auto news = std::exchange(news_, {});
    const auto end = end_;
    const auto target = pushed_;
    const auto wishes = std::exchange(wishes_, {});
    behind_ = behind_ || std::exchange(news_dropped_, false);
    lock.unlock();
    auto done = step(std::move(news), end, wishes);
    // What becomes of history is no matter of whether the index has the news.
    auto merged = done && wishes.merged ? step_merged() : Result<std::size_t>(0);
    lock.lock();
    if (wishes.merged) merged_left_ = std::move(merged);
    tried_ = target;
    if (done) applied_ = target;
    if (!done) last_error_ = done.error();
    const bool in_use = !done && done.error().kind == ErrorKind::busy;  // what was asked for is applied
    if (!done && !in_use && !behind_)
      alarm_("the index cannot be written: " + done.error().text + "; mail is still taken");
    behind_ = !done && !in_use;
    changed_.notify_all();
  }
}

// No memory for the index is a reason to be behind, not to end a gateway that takes mail.
Result<void> Indexer::step(std::vector<News> news, const IndexPosition& end, Wishes wishes) noexcept {
  try {
    auto done =
        wishes.rebuild ? store::rebuild(*index_, archive_, end.end, alarm_) : update(std::move(news), end);
    return done && wishes.empty_log ? index_->empty_log() : done;
  } catch (const std::exception& problem) {
    return fail(ErrorKind::io, problem.what());
  }
}

Result<std::size_t> Indexer::step_merged() noexcept {
  try {
    return store::take_in_merged(*index_, archive_, alarm_);
  } catch (const std::exception& problem) {
    return fail(ErrorKind::io, problem.what());
  }
}

Result<void> Indexer::update(std::vector<News> news, const IndexPosition& end) {
  if (behind_) return recover(end);
  if (inspect_) inspect_(news);
  return index_->apply(news, end);
}

Result<void> Indexer::recover(const IndexPosition& end) {
  auto caught_up = catch_up(*index_, archive_, end.end, alarm_, inspect_);
  if (!caught_up && caught_up.error().kind == ErrorKind::foreign)
    return store::rebuild(*index_, archive_, end.end, alarm_);
  return caught_up;
}

}  // namespace guichet::store
