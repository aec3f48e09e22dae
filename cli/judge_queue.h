// Which messages wait to be judged, and for whom. Bounded: what does not fit is left to the index, which
// knows every message that has no delivery yet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "store/types.h"

namespace guichet::cli {

class JudgeQueue {
 public:
  using Clock = std::chrono::steady_clock;
  // All that has no delivery yet. Called by a thread that takes, when nothing is left of what did not fit.
  using Refill = std::function<std::vector<store::MessageId>()>;

  explicit JudgeQueue(Refill refill, std::size_t items_max = 100'000);

  // From any thread, never blocks on anything but the lock.
  void add(const store::MessageId& message);
  // Before all others: somebody waits at the other end of a connection.
  void add_first(const store::MessageId& message);
  // Again, no earlier than `due`; for one that is being judged, before done().
  void add_later(const store::MessageId& message, Clock::time_point due);
  // There may be more than was added: after a start.
  void look_in_index();

  // Blocks until there is one. Nothing: stopped. Each is to be told done().
  [[nodiscard]] std::optional<store::MessageId> take(const std::stop_token& stop);
  void done(const store::MessageId& message);

  [[nodiscard]] std::size_t size() const;  // without those that are being judged

 private:
  void put(const store::MessageId& message, bool first);
  void release_due();
  std::optional<store::MessageId> next();

  const Refill refill_;
  const std::size_t items_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<store::MessageId> first_, ready_;
  std::multimap<Clock::time_point, store::MessageId> later_;
  std::set<store::Uuid> waiting_;  // in later_
  std::set<store::Uuid> known_;    // there, in first_, in ready_, or being judged
  bool left_out_ = false;          // the index has more
};

}  // namespace guichet::cli
