// The served form of one delivery, read from the archive: prefix, then the original transformed by the rule
// that its record names. The octets are compared with their digest before the first of them is handed out.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace guichet::popd {

// Blocks on the disk: for the pool. One thread at a time.
class ServedMessage {
 public:
  // damaged: the archive does not hold what was received; nothing of it may be served.
  [[nodiscard]] static store::Result<std::unique_ptr<ServedMessage>> open(store::Store& store,
                                                                          const store::WaitingRow& row);

  // The next served octets, about 256 KB; empty at the end.
  [[nodiscard]] store::Result<std::string> next();
  // next() needs no disk.
  [[nodiscard]] bool in_memory() const { return at_ == place_.size_octets; }

 private:
  ServedMessage(const store::Archive& archive, store::BodyPlace place, store::ServedForm form);
  store::Result<void> read_small(const store::Digest& digest);
  void feed(std::string_view original);
  void finish();

  const store::Archive& archive_;
  const store::BodyPlace place_;
  store::ServedTransform transform_;
  std::string ready_;     // served octets not yet handed out
  std::uint64_t at_ = 0;  // of the original
  bool finished_ = false;
};

// Messages ready to be served. A client that takes them one after the other finds the next ones here: they
// are opened in growing groups, so that a login that takes one message reads one, and one that takes
// thousands makes few trips to the pool.
class Shelf {
 public:
  struct Ready {
    std::size_t number = 0;
    store::Result<std::unique_ptr<ServedMessage>> message;
  };

  // The message, if it is here; what was skipped is dropped.
  [[nodiscard]] std::unique_ptr<Ready> take(std::size_t number);
  // How many to open from `number` on, given what was taken before.
  [[nodiscard]] std::size_t group(std::size_t number);
  void put(std::vector<Ready> ready);

 private:
  static constexpr std::size_t group_max = 64;
  std::deque<Ready> ready_;
  std::size_t expected_ = 0;
  std::size_t group_ = 1;
};

// Opens rows[first - 1] and up to count - 1 after it, as long as they are small and few octets in all.
[[nodiscard]] std::vector<Shelf::Ready> open_group(store::Store& store,
                                                   const std::vector<store::WaitingRow>& rows,
                                                   std::size_t first, std::size_t count);

}  // namespace guichet::popd
