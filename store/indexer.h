// The index thread: takes news of durable records from the writer and applies them in batches: at once when
// somebody asks, else after gathering for some milliseconds (gather_time). A transaction for each message
// would cost as much as receiving it.
//
// When applying fails (a full disk, an index file that was removed) the news are dropped, not hoarded: the
// volumes have them, and the next attempt catches up from there.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/archive.h"
#include "store/index.h"
#include "store/projection.h"
#include "store/seams.h"

namespace guichet::store {

class Indexer {
 public:
  // `index` is used by this object's thread alone from now on. `inspect` sees all news before the index, in
  // this object's thread: with a ReadBack each new body is read before its deliveries can be listed.
  Indexer(std::unique_ptr<Index> index, const Archive& archive, Alarm alarm, IndexPosition position,
          Inspect inspect = nullptr);
  ~Indexer();

  void push(std::vector<News> news, IndexPosition end);

  // Returns once everything pushed before the call is in the index, or the error that prevents it.
  [[nodiscard]] Result<void> wait();

  // Rebuilds up to what was pushed so far; blocks.
  [[nodiscard]] Result<void> rebuild();

  // Applies what was pushed, then empties the log of the index; blocks.
  [[nodiscard]] Result<void> empty_log();
  // Takes in one more volume of another lineage (store/lineage.h); blocks. Returns how many are left. One at
  // a time, so that who asks for a maildrop meanwhile waits for one volume at most.
  [[nodiscard]] Result<std::size_t> take_in_merged();

  // Applies what was pushed, then ends the thread; idempotent, from any thread. Questions after it are
  // answered with an error.
  void stop();

 private:
  static constexpr std::chrono::milliseconds gather_time{25};
  static constexpr std::size_t gather_news_max = 4096;

  void run();
  // What one turn of the thread is asked for besides applying news.
  struct Wishes {
    bool rebuild = false, empty_log = false, merged = false;
  };
  Result<void> step(std::vector<News> news, const IndexPosition& end, Wishes wishes) noexcept;
  Result<void> update(std::vector<News> news, const IndexPosition& end);
  Result<std::size_t> step_merged() noexcept;
  Result<void> recover(const IndexPosition& end);

  static constexpr std::size_t news_kept_max = 100'000;

  std::unique_ptr<Index> index_;
  const Archive& archive_;
  const Alarm alarm_;
  const Inspect inspect_;

  std::mutex mutex_;
  std::condition_variable work_;     // for the thread: there is something to do, or somebody asks
  std::condition_variable changed_;  // for wait(): something was tried
  std::vector<News> news_;
  IndexPosition end_;          // of what was pushed
  std::uint64_t pushed_ = 0;   // counts push() and rebuild()
  std::uint64_t applied_ = 0;  // of those, how many are in the index
  std::uint64_t tried_ = 0;    // of those, how many were tried
  bool asked_ = false;         // somebody waits: no more gathering
  Wishes wishes_;
  Result<std::size_t> merged_left_ = 0;  // of the last time
  bool news_dropped_ = false;
  bool behind_ = false;  // the last attempt failed: catch up from the volumes
  Error last_error_;
  bool stop_ = false;
  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace guichet::store
