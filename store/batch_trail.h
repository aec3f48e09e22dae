// Follows the batches of a volume while it is walked: which record must come next, and whether the last batch
// is whole. Only headers that proved themselves count here: a flipped bit in a batch number must not make
// recovery take the half of a volume for one torn batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "store/warc.h"

namespace guichet::store {

class BatchTrail {
 public:
  // A record whose header is to be believed; `sound` says the same of its block.
  void follow(const RecordHeader& header, std::uint64_t offset, std::uint64_t end, bool sound) {
    if (!begun_ || header.batch > batch_) open(header, offset);
    sound_ = sound_ && sound && header.batch == batch_ && header.batch_index == next_index_;
    next_index_ = header.batch_index + 1;
    end_ = end;
    unclear_.reset();
  }

  // From here on there is something that cannot be read, or not be believed.
  void lose(std::uint64_t offset) {
    if (!unclear_) unclear_ = Unclear{offset, expected()};
  }

  // The batch that a record at this place must belong to: after a whole batch begins the next.
  [[nodiscard]] std::uint64_t expected() const {
    return begun_ && next_index_ >= count_ ? batch_ + 1 : batch_;
  }
  // Could this header come after what was followed so far?
  [[nodiscard]] bool is_later(const RecordHeader& header) const {
    return !begun_ || header.batch > batch_ || (header.batch == batch_ && header.batch_index >= next_index_);
  }

  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] std::uint64_t last() const { return batch_; }
  [[nodiscard]] std::uint64_t last_begin() const { return begin_; }
  [[nodiscard]] std::uint64_t last_end() const { return end_; }
  [[nodiscard]] bool last_is_whole() const { return begun_ && sound_ && next_index_ >= count_; }

 private:
  struct Unclear {
    std::uint64_t offset;
    std::uint64_t expected;
  };

  // A batch whose first records cannot be read began where the trouble did, unless the trouble was of an
  // earlier batch as well: then where cannot be told.
  void open(const RecordHeader& header, std::uint64_t offset) {
    const bool began_unread = header.batch_index > 0 && unclear_ && unclear_->expected == header.batch;
    begin_ = began_unread ? unclear_->offset : offset;
    begun_ = sound_ = true;
    batch_ = header.batch;
    count_ = header.batch_count;
    next_index_ = 0;
  }

  bool begun_ = false;
  bool sound_ = false;
  std::uint64_t batch_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t next_index_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::optional<Unclear> unclear_;
};

}  // namespace guichet::store
