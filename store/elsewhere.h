// What stands in the volumes that are not read this time, as the index tells of it. Part of verify, which
// for a part of the volumes must still know what the facts in them refer to.
#pragma once

#include <memory>
#include <optional>
#include <unordered_set>

#include "store/archive.h"
#include "store/index.h"

namespace guichet::store {

class Elsewhere {
 public:
  // absent: there is no index, or it lacks some of the sealed volumes, so that what it does not know may
  // exist all the same. References must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<Elsewhere>> open(const Archive& archive);

  // From now on the index is not believed about this volume: what is in it was seen, or will be.
  void reads(std::uint32_t volume) { read_.insert(volume); }

  // Nothing: no such thing in any volume that is not read. An index that fails knows nothing.
  [[nodiscard]] std::optional<BodyPlace> body(const Digest& digest);
  // The fact in the volume, not the row, is what counts.
  struct Message {
    MessageRow row;
    Digest digest;
    std::uint64_t size_octets = 0;
  };
  [[nodiscard]] std::optional<Message> message(const MessageId& id);
  [[nodiscard]] bool delivery(const MessageId& id, const Uid& uid);
  // As far as the index knows: an erasure that is being carried out may not be in any volume that was read.
  [[nodiscard]] bool is_erased(const MessageId& id);

 private:
  Elsewhere(const Archive& archive, std::unique_ptr<IndexReader> index)
      : archive_(archive), index_(std::move(index)) {}
  [[nodiscard]] bool is_read(Place place) const { return read_.contains(place.volume); }

  const Archive& archive_;
  std::unique_ptr<IndexReader> index_;
  std::unordered_set<std::uint32_t> read_;
};

}  // namespace guichet::store
