// The books: every delivery that was accepted is somewhere.
//
//   accepted = waiting + stuck + quarantined + handed over + routed + black-holed + erased
//
// where accepted counts the recipients that were told 250, and a re-queued delivery counts as the one that
// took its place. `guichet verify` keeps these books from the volumes, `guichet status` from the index.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "store/index.h"

namespace guichet::store {

struct Books {
  std::uint64_t accepted = 0;
  std::uint64_t waiting = 0;  // offered in vain or never, or not composed yet
  std::uint64_t stuck = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t handed_over = 0;  // to Alaveteli, by whichever way
  std::uint64_t routed = 0;       // by SMTP, to another server
  std::uint64_t black_holed = 0;
  std::uint64_t erased = 0;

  // A delivery in this state; one that was re-queued is none any more.
  void count(DeliveryState state, std::optional<Way> how, std::uint64_t deliveries = 1);
  [[nodiscard]] std::uint64_t accounted_for() const {
    return waiting + stuck + quarantined + handed_over + routed + black_holed + erased;
  }
  friend bool operator==(const Books&, const Books&) = default;
};

// The index has no count of its own of what was accepted: it is what is accounted for.
[[nodiscard]] Books books_of(std::span<const BookRow> rows);
// "12 accepted = 1 waiting + 0 stuck + …"
[[nodiscard]] std::string in_words(const Books& books);

}  // namespace guichet::store
