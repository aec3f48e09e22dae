// Messages of a session, read ahead.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "store/served_message.h"
#include "store/store.h"

namespace guichet::popd {

// Messages ready to be served. A client that takes them one after the other finds the next ones here: they
// are opened in growing groups, so that a login that takes one message reads one, and one that takes
// thousands makes few trips to the pool.
class Shelf {
 public:
  struct Ready {
    std::size_t number = 0;
    store::Result<std::unique_ptr<store::ServedMessage>> message;
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
