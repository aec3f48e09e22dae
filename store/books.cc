#include "store/books.h"

namespace guichet::store {
namespace {

std::uint64_t& column(Books& books, Way how) {
  switch (how) {
    case Way::smtp:
      return books.routed;
    case Way::discarded:
      return books.black_holed;
    case Way::pop3:
    case Way::maildir:
    case Way::action_mailbox:
    case Way::pipe:
      break;
  }
  return books.handed_over;
}

}  // namespace

void Books::count(DeliveryState state, std::optional<Way> how, std::uint64_t deliveries) {
  switch (state) {
    case DeliveryState::waiting:
    case DeliveryState::offered:
      waiting += deliveries;
      break;
    case DeliveryState::stuck:
      stuck += deliveries;
      break;
    case DeliveryState::quarantined:
      quarantined += deliveries;
      break;
    case DeliveryState::handed_over:
      column(*this, how.value_or(Way::pop3)) += deliveries;
      break;
    case DeliveryState::erased:
      erased += deliveries;
      break;
    case DeliveryState::requeued:
      break;
  }
}

Books books_of(std::span<const BookRow> rows) {
  Books books;
  for (const auto& row : rows)
    books.count(row.state, row.how, row.deliveries);
  books.accepted = books.accounted_for();
  return books;
}

std::string in_words(const Books& books) {
  const auto n = [](std::uint64_t count) { return std::to_string(count); };
  return n(books.accepted) + " accepted = " + n(books.waiting) + " waiting + " + n(books.stuck) +
         " stuck + " + n(books.quarantined) + " quarantined + " + n(books.handed_over) + " handed over + " +
         n(books.routed) + " routed + " + n(books.black_holed) + " black-holed + " + n(books.erased) +
         " erased";
}

}  // namespace guichet::store
