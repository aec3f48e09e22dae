// The writer thread: group commit. It takes all that is waiting, makes it durable with one barrier, tells the
// index, then answers all of it. One barrier per batch, not per message, is where the speed comes from.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "store/archive.h"
#include "store/disk.h"
#include "store/earlier.h"
#include "store/indexer.h"
#include "store/room.h"
#include "store/seams.h"
#include "store/store.h"
#include "store/volume.h"

namespace guichet::store {

class Writer {
 public:
  Writer(const StoreOptions& options, Disk& disk, const Room& room, Clock& clock, IdSource& ids, Alarm alarm,
         Indexer& indexer, EarlierBodies& earlier, Tip tip);
  ~Writer();

  void push(Append append);
  void expect(int change);  // +1: a body has begun, -1: it was pushed or given up
  // From the next batch on these octets are stored in full whenever they come.
  void repeat_no_more(const Digest& digest);
  void stop();  // answers what is waiting, seals; idempotent, from any thread
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Place durable_end() const;

 private:
  using Batchful = std::vector<Append>;
  void run();
  bool take(Batchful& into);
  void commit(Batchful appends);
  void refuse_for_space(Batchful& appends);
  Result<void> make_durable(const Batchful& appends) noexcept;
  Result<void> commit_batch(const Batchful& appends);
  Result<void> ensure_volume();
  Result<void> create_volume();
  std::optional<BodyPlace> earlier_equal(const Digest& digest, const Body& body);
  void publish(Batch& batch);
  void handle_failure(const CommitError& error);
  [[nodiscard]] bool is_full() const;
  void seal();
  bool discard_empty();
  void give_up(const std::string& why);

  const StoreOptions options_;
  Disk& disk_;
  const Room& room_;
  Clock& clock_;
  IdSource& ids_;
  const Alarm alarm_;
  Indexer& indexer_;
  EarlierBodies& earlier_;
  Tip tip_;
  std::unique_ptr<ActiveVolume> volume_;
  Instant volume_begun_;
  std::optional<Error> unsealed_;  // why volume_ could not be sealed yet: it takes no more

  mutable std::mutex end_mutex_;  // its own: who asks must not hold up who appends
  Place durable_end_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Append> waiting_;
  std::unordered_set<Digest> unrepeated_;
  int expected_ = 0;        // bodies being received
  bool gathering_ = false;  // a batch waits for them
  bool stop_ = false;
  std::atomic<bool> failed_ = false;
  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace guichet::store
