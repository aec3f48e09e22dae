// The served form of one delivery, read from the archive: prefix, then the original transformed by the rule
// that its record names. The octets are compared with their digest before the first of them is handed out.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace guichet::store {

// The delivery whose record is at this place. damaged: it is the record of something else.
[[nodiscard]] Result<Delivered> delivered_at(const Archive& archive, Place place);

// Blocks on the disk: for the pool. One thread at a time.
class ServedMessage {
 public:
  // damaged: the archive does not hold what was received; nothing of it may be served.
  [[nodiscard]] static Result<std::unique_ptr<ServedMessage>> open(Store& store, const WaitingRow& row);

  // The next served octets, about 256 KB; empty at the end.
  [[nodiscard]] Result<std::string> next();
  // next() needs no disk.
  [[nodiscard]] bool in_memory() const { return at_ == place_.size_octets; }

 private:
  ServedMessage(const Archive& archive, BodyPlace place, ServedForm form);
  Result<void> read_small(const Digest& digest);
  void feed(std::string_view original);
  void finish();

  const Archive& archive_;
  const BodyPlace place_;
  ServedTransform transform_;
  std::string ready_;     // served octets not yet handed out
  std::uint64_t at_ = 0;  // of the original
  bool finished_ = false;
};

}  // namespace guichet::store
