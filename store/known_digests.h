// "Surely not seen before", without asking the index: a Bloom filter. Most messages are new, and a question
// to SQLite for each costs as many system calls as receiving it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "store/types.h"

namespace guichet::store {

// A word of bits for each digest that is there at first: four times as many still fit well. Past that more
// and more digests are taken for known ones, which costs a question and nothing else, until the next start
// makes a larger filter.
class KnownDigests {
 public:
  explicit KnownDigests(std::uint64_t count) : words_(std::bit_ceil(std::max(count, count_min))) {}

  void add(const Digest& digest) {
    for (const auto bit : bits(digest))
      words_[bit / 64] |= std::uint64_t{1} << bit % 64;
  }

  [[nodiscard]] bool may_contain(const Digest& digest) const {
    const auto wanted = bits(digest);
    return std::all_of(wanted.begin(), wanted.end(),
                       [this](auto bit) { return (words_[bit / 64] >> bit % 64 & 1) != 0; });
  }

 private:
  static constexpr std::uint64_t count_min = 1 << 18;  // two mebibytes

  // A digest is as good as random: its quarters are the hash functions.
  [[nodiscard]] std::array<std::uint64_t, 4> bits(const Digest& digest) const {
    std::array<std::uint64_t, 4> quarters{};
    static_assert(sizeof quarters == sizeof digest.octets);
    std::memcpy(quarters.data(), digest.octets.data(), sizeof quarters);
    for (auto& quarter : quarters)
      quarter %= words_.size() * 64;
    return quarters;
  }

  std::vector<std::uint64_t> words_;
};

}  // namespace guichet::store
