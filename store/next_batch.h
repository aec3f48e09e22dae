// Which of the appends that wait go into the next batch. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/store.h"

namespace guichet::store {

// A batch is bounded so that one barrier stays short.
inline constexpr std::size_t batch_appends_max = 512;
inline constexpr std::uint64_t batch_octets_max = 32ull << 20;
// A few octets do not wait behind a thousand large messages: what is small goes first.
inline constexpr std::uint64_t small_octets_max = 1 << 20;

[[nodiscard]] inline std::uint64_t body_octets(const Append& append) {
  return append.body ? append.body->body.size() : 0;
}

// Moves them from `waiting` to the end of `into`: the small ones in their order, then of the large ones in
// theirs, one at least where there is one. Whoever relies on another append waits for its answer, so none
// overtakes what it relies on. Takes memory before it moves anything.
void next_batch(std::vector<Append>& waiting, std::vector<Append>& into);

}  // namespace guichet::store
