#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "store/next_batch.h"
#include "store/thread_kind.h"

namespace guichet::store {
Writer::Writer(const StoreOptions& options, Disk& disk, const Room& room, Clock& clock, IdSource& ids,
               Alarm alarm, Indexer& indexer, EarlierBodies& earlier, Tip tip)
    : options_(options),
      disk_(disk),
      room_(room),
      clock_(clock),
      ids_(ids),
      alarm_(std::move(alarm)),
      indexer_(indexer),
      earlier_(earlier),
      tip_(tip),
      durable_end_{tip.volume, tip.length},
      thread_([this] { run(); }) {}

Writer::~Writer() {
  stop();
}

void Writer::push(Append append) {
  std::unique_lock lock(mutex_);
  if (!stop_) {
    waiting_.push_back(std::move(append));
    // A batch that gathers is woken by the last body it waits for (expect), not by each.
    const bool wake = !gathering_ || waiting_.size() >= batch_appends_max;
    lock.unlock();
    if (wake) changed_.notify_one();
    return;
  }
  lock.unlock();
  append.body.reset();
  append.done(fail(ErrorKind::stopped, "the store has stopped"));
}

void Writer::expect(int change) {
  std::unique_lock lock(mutex_);
  expected_ += change;
  const bool wake = expected_ == 0 && gathering_;
  lock.unlock();
  if (wake) changed_.notify_one();
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  std::call_once(joined_, [this] { thread_.join(); });
}

Place Writer::durable_end() const {
  const std::lock_guard lock(end_mutex_);
  return durable_end_;
}

void Writer::run() {
  works_in_batches("store-writer");
  Batchful appends;
  while (take(appends))
    commit(std::exchange(appends, {}));
  seal();
}

// Waits for work; then, if messages are still being received, a little for their company.
bool Writer::take(Batchful& into) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
  if (waiting_.empty()) return false;
  gathering_ = options_.commit_wait_us > 0 && expected_ > 0;
  if (gathering_)
    changed_.wait_for(lock, std::chrono::microseconds(options_.commit_wait_us),
                      [this] { return stop_ || expected_ == 0 || waiting_.size() >= batch_appends_max; });
  gathering_ = false;
  next_batch(waiting_, into);
  return true;
}

void Writer::commit(Batchful appends) {
  refuse_for_space(appends);
  if (appends.empty()) return;
  const auto result = make_durable(appends);
  options_.answer_batch([&] {
    // The body's memory goes back before the answer: the next message of that session will want it.
    for (auto& append : appends) {
      append.body.reset();
      append.done(result);
    }
  });
}

// Facts (a hand-over, a tombstone) may use the reserve; messages may not.
void Writer::refuse_for_space(Batchful& appends) {
  std::uint64_t octets = 0;
  for (const auto& append : appends)
    octets += body_octets(append);
  if (octets == 0 || room_.holds(octets)) return;
  const auto bodies =
      std::stable_partition(appends.begin(), appends.end(), [](const Append& a) { return !a.body; });
  for (auto append = bodies; append != appends.end(); ++append)
    append->done(fail(ErrorKind::no_space, "no room: the file system is down to the reserve"));
  appends.erase(bodies, appends.end());
}

// No memory in the middle of a batch leaves one that is neither acknowledged nor surely absent: as with a
// failed sync, only a restart can tell.
Result<void> Writer::make_durable(const Batchful& appends) noexcept {
  if (failed_) return fail(ErrorKind::stopped, "the store failed before; nothing is taken until a restart");
  try {
    return commit_batch(appends);
  } catch (const std::exception& problem) {
    give_up(std::string("writing a batch: ") + problem.what());
    return fail(ErrorKind::stopped, problem.what());
  }
}

Result<void> Writer::commit_batch(const Batchful& appends) {
  // A question whether the writer still turns: no volume is begun for it.
  if (std::ranges::none_of(appends, [](const Append& a) { return a.body || !a.facts.empty(); })) return {};
  if (auto ready = ensure_volume(); !ready) return ready;
  const EqualBody equal = [this](const Digest& digest, const Body& body) {
    return earlier_equal(digest, body);
  };
  Batch batch(volume_->position(), clock_, ids_, equal, appends);
  if (batch.octets() == 0)
    return {};  // no records: no barrier, and no number, which the next batch would skip
  if (auto committed = volume_->commit(batch); !committed) {
    handle_failure(committed.error());
    return tl::unexpected(committed.error().error);
  }
  {
    const std::lock_guard lock(end_mutex_);
    durable_end_ = batch.end().end;
  }
  publish(batch);
  if (is_full()) seal();
  return {};
}

// By size, or by age: what is sealed never changes again, and goes off-site once and for all.
bool Writer::is_full() const {
  if (volume_->position().end.offset >= options_.volume_octets_max) return true;
  return options_.volume_age_max_s > 0 &&
         clock_.now().unix_us - volume_begun_.unix_us >= std::int64_t{options_.volume_age_max_s} * 1'000'000;
}

std::optional<BodyPlace> Writer::earlier_equal(const Digest& digest, const Body& body) {
  auto earlier = earlier_.equal(digest, body);
  if (!earlier) return earlier;
  const std::lock_guard lock(mutex_);
  return unrepeated_.contains(digest) ? std::nullopt : earlier;
}

void Writer::repeat_no_more(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  unrepeated_.insert(digest);
}

Result<void> Writer::ensure_volume() {
  if (unsealed_) seal();
  if (failed_) return fail(ErrorKind::stopped, "the disk failed to sync; nothing is taken until a restart");
  if (unsealed_) return tl::unexpected(*unsealed_);
  return volume_ ? Result<void>() : create_volume();
}

Result<void> Writer::create_volume() {
  const auto now = clock_.now();
  auto created =
      ActiveVolume::create(disk_, {.store = options_.path,
                                   .prepare_octets = options_.prepare_octets,
                                   .has_room = [this](std::uint64_t octets) { return room_.holds(octets); },
                                   .previous = tip_,
                                   .number = tip_.volume + 1,
                                   .warcinfo_id = ids_.mint(now),
                                   .now = now});
  if (!created) {
    if (created.error().sync_failed)
      give_up("a new volume could not be synced: " + created.error().error.text);
    return tl::unexpected(created.error().error);
  }
  volume_ = std::move(*created);
  volume_begun_ = now;
  return {};
}

// Before the answer: whoever logs in after the 250 waits for the index to have it.
void Writer::publish(Batch& batch) {
  auto news = batch.take_news();
  earlier_.remember(news);
  indexer_.push(std::move(news), {batch.end().end, batch.end().chain});
}

void Writer::handle_failure(const CommitError& error) {
  if (error.sync_failed) return give_up("the disk failed to sync: " + error.error.text);
  alarm_("a batch could not be written: " + error.error.text + "; the volume is sealed, senders will retry");
  seal();
}

// A volume that cannot be cut or marked is tried again before the next batch: a full disk is not always full.
void Writer::seal() {
  if (!volume_ || failed_ || discard_empty()) return;
  auto tip = volume_->seal();
  if (!tip && tip.error().sync_failed)
    return give_up("a volume could not be sealed: " + tip.error().error.text);
  if (!tip && !unsealed_)
    alarm_("a volume could not be sealed: " + tip.error().error.text + "; tried again later");
  unsealed_.reset();
  if (!tip) {
    unsealed_ = tip.error().error;
    return;
  }
  tip_ = *tip;
  volume_.reset();
}

// A volume whose first batch failed holds nothing: without this each message that a full disk refuses would
// leave one behind. A power cut may bring its name back; then it is a volume without messages, or a torn one.
bool Writer::discard_empty() {
  if (volume_->position().batch > 0 || !disk_.remove(volume_file(options_.path, tip_.volume + 1)))
    return false;
  volume_.reset();
  unsealed_.reset();
  return true;
}

void Writer::give_up(const std::string& why) {
  failed_ = true;
  alarm_(why + "; nothing more is acknowledged, restart to verify");
}

}  // namespace guichet::store
