// Lineages: a store may hold the history of another one beside its own volumes.
//
// Volume numbers 1 to 999,999 are the store's own. `restore --merge` brings another store's volumes in as
// lineage k, from 1 on: volume n of it gets the number k·1,000,000 + n, its octets unchanged. All of them are
// sealed: only the last volume of the store's own lineage is ever continued. Each lineage has a chain of its
// own that begins at zeros. Ids and uids are minted once and for ever, so two lineages never collide.
#pragma once

#include <cstdint>
#include <utility>

#include "store/types.h"

namespace guichet::store {

inline constexpr std::uint32_t lineage_stride = 1'000'000;
inline constexpr std::uint32_t lineages_max = 99;  // a file name has eight digits

[[nodiscard]] constexpr std::uint32_t lineage_of(std::uint32_t volume) {
  return volume / lineage_stride;
}
[[nodiscard]] constexpr bool is_own(std::uint32_t volume) {
  return lineage_of(volume) == 0;
}
// Within its lineage, from 1.
[[nodiscard]] constexpr std::uint32_t number_in_lineage(std::uint32_t volume) {
  return volume % lineage_stride;
}

// History counts as before everything of the store's own, whatever its numbers: where the same octets are
// held twice, those that were written last here are the ones that count.
[[nodiscard]] constexpr bool is_earlier(const Place& a, const Place& b) {
  if (is_own(a.volume) != is_own(b.volume)) return is_own(b.volume);
  return a < b;
}

}  // namespace guichet::store
