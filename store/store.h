// The store: one writer, volumes as the truth, the index as a projection. Everything that writes goes through
// this object, and only one process has one (a lock in the folder sees to it).
//
// Threads: append(), hand over and the queries may be called from any thread. `done` callbacks run on the
// writer thread (after stop(): on the caller's, inside append()), must be quick, and must not call back into
// the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "store/archive.h"
#include "store/body.h"
#include "store/disk.h"
#include "store/error.h"
#include "store/facts.h"
#include "store/index.h"
#include "store/seams.h"
#include "store/types.h"

namespace guichet::store {

struct StoreOptions {
  std::filesystem::path path;
  std::uint64_t volume_octets_max = 256ull << 20;
  unsigned volume_age_max_s = 0;              // sealed by the first batch after that; 0: by size alone
  std::uint64_t prepare_octets = 8ull << 20;  // 0: no zero-filling
  unsigned commit_wait_us = 150;
  std::uint64_t bodies_octets_max = 256ull << 20;
  bool read_back = false;  // each new body, before its deliveries can be listed (store/read_back.h)
  bool restoring = false;  // by the restore itself: it has the lock, its mark (store/marks.h) is no obstacle
  unsigned reserve_percent = 5;  // of the file system, at most Room::reserve_octets_max
  // Called on the writer thread with what answers a whole batch, so that who is answered can be woken once.
  std::function<void(const std::function<void()>& answer)> answer_batch =
      [](const std::function<void()>& answer) { answer(); };
};

// What becomes durable together: the body, if any, and facts. All of it or none of it counts. With neither,
// `done` says that the writer has come by.
struct Append {
  struct NewMessage {
    MessageId message;
    Instant at;
    Digest digest;
    Body body;
  };
  std::optional<NewMessage> body;
  std::vector<Fact> facts;
  // Called once: success means it survives a power cut. no_space: try again later; stopped: the disk failed
  // to sync, nothing is acknowledged any more until a restart.
  std::function<void(Result<void>)> done;
};

class Store {
 public:
  // Takes the lock, refuses a foreign format untouched, seals what a crash left, brings the index up to the
  // end of the volumes, finishes erasures that were begun. References must outlive the store.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreOptions options, Disk& disk, Clock& clock,
                                                           IdSource& ids, Alarm alarm);
  // Answers all that is waiting, seals the active volume.
  virtual ~Store() = default;

  virtual void append(Append append) = 0;

  // While at least one is alive, a batch may wait a little for it (commit_wait_us): take one when a body
  // begins, drop it just after append(), or when that will never come.
  class Expectation {
   public:
    virtual ~Expectation() = default;
  };
  [[nodiscard]] virtual std::unique_ptr<Expectation> expect() = 0;

  [[nodiscard]] virtual Body new_body(const MessageId& message) = 0;
  [[nodiscard]] virtual BodyMemory& memory() = 0;
  // False when the file system is down to the reserve: intake answers 452 before taking a body.
  [[nodiscard]] virtual bool has_room(std::uint64_t octets) const = 0;
  // The same of the number of its files.
  [[nodiscard]] virtual bool has_room_for_a_file() const = 0;
  // False when this process may hardly open another file: a message needs some (spool, next volume, index).
  [[nodiscard]] virtual bool can_open_files() const = 0;

  // Until the index holds everything acknowledged before the call. Blocks: for the pool.
  [[nodiscard]] virtual Result<void> wait_for_index() = 0;
  // Waits like that by itself.
  [[nodiscard]] virtual Result<std::vector<WaitingRow>> offerable(const OfferQuery& query) = 0;
  // All that is not stuck, whatever became of earlier offers; limit 0: no limit.
  [[nodiscard]] Result<std::vector<WaitingRow>> waiting(const std::string& maildrop, std::size_t limit) {
    return offerable({.maildrop = maildrop, .limit = limit, .now = Instant{INT64_MAX}, .settle_us = 0});
  }
  [[nodiscard]] virtual Result<std::optional<MessageRow>> message(const MessageId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<BodyPlace>> body(const Digest& digest) = 0;
  [[nodiscard]] virtual Result<std::vector<MessageRow>> undelivered() = 0;
  [[nodiscard]] virtual Result<std::vector<DeliveryRow>> deliveries(const MessageId& id) = 0;

  // Any other question. The index holds all that was acknowledged before the call; `question` is called once,
  // or not at all when the index cannot be had. Blocks.
  template <class Question>
  [[nodiscard]] auto ask(Question question) -> std::invoke_result_t<Question, IndexReader&> {
    std::invoke_result_t<Question, IndexReader&> answer = fail(ErrorKind::stopped, "the index was not asked");
    auto asked = with_index([&](IndexReader& index) { answer = question(index); });
    if (!asked) return tl::unexpected(asked.error());
    return answer;
  }

  // Held while messages are erased: one at a time.
  [[nodiscard]] virtual std::unique_lock<std::mutex> alone() = 0;
  // From its return on no message is stored as a repetition of these octets: they are about to be erased
  // (erasure.h). Lasts as long as the object. Blocks.
  [[nodiscard]] virtual Result<void> repeat_no_more(const Digest& digest) = 0;
  // Takes what was overwritten in the index out of its log too. busy: a reader keeps it; ask again.
  [[nodiscard]] virtual Result<void> empty_index_log() = 0;

  [[nodiscard]] virtual Result<IndexCounts> rebuild_index() = 0;  // blocks until done
  // Takes one more volume of another lineage (store/lineage.h), brought in while this runs, into the index;
  // blocks until done. Returns how many are left.
  [[nodiscard]] virtual Result<std::size_t> take_in_merged() = 0;
  [[nodiscard]] virtual const Archive& archive() const = 0;
  // After the last batch that is durable; volume 0: there is none. Nothing beyond it is for others to see: it
  // may be gone after a power cut. Never waits for the disk.
  [[nodiscard]] virtual Place durable_end() const = 0;
  [[nodiscard]] virtual bool failed() const = 0;  // after a failed sync

  virtual void stop() = 0;  // idempotent

 protected:
  virtual Result<void> with_index(const std::function<void(IndexReader&)>& use) = 0;
};

// Returns when they are durable, or the error. Not on the writer thread, of course.
[[nodiscard]] Result<void> append_and_wait(Store& store, std::vector<Fact> facts);

}  // namespace guichet::store
