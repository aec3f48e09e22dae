// What befalls a delivery between 250 and its hand-over, as the index keeps it.
#include <gmock/gmock.h>

#include <algorithm>

#include "store/books.h"
#include "tests/store/index_bench.h"

namespace guichet::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t settle_us = 31ll * 60 * 1'000'000;

Place place_of(unsigned order) {
  return {1, 3'000'000ull + order};
}
NewFact offered(unsigned delivery, unsigned number, unsigned order, std::int64_t second,
                OfferOutcome outcome = OfferOutcome::retrieved) {
  return {place_of(order), Offered{uid(delivery), message(number), at(second), "pop3", outcome, "why"}};
}
NewFact stuck(unsigned delivery, unsigned number, unsigned order) {
  return {place_of(order), Stuck{uid(delivery), message(number), at(order), "guichet", "offered too often"}};
}
NewFact quarantined(unsigned delivery, unsigned number, unsigned order) {
  return {place_of(order), Quarantined{uid(delivery), message(number), at(order), "rule junk", "score"}};
}
NewFact judged(unsigned number, unsigned order) {
  return {place_of(order), Judged{message(number), at(order), "guichet", "{}"}};
}
NewFact requeued_as(unsigned delivery, unsigned number, unsigned order, unsigned as) {
  return {place_of(order), Requeued{uid(delivery), message(number), at(order), "root", "lost", uid(as)}};
}
NewFact confirmed(unsigned delivery, unsigned number, unsigned order) {
  return {place_of(order), Confirmed{uid(delivery), message(number), at(order), "reconcile"}};
}

class MovesTest : public IndexTest {
 protected:
  void SetUp() override {
    IndexTest::SetUp();
    for (unsigned n = 1; n <= 4; ++n)
      apply({received(n, "octets " + std::to_string(n)), delivered(n, n)});
  }
  DeliveryState state(unsigned number, std::size_t which = 0) {
    return must(reader().deliveries(message(number))).at(which).state;
  }
  Offsets listed(std::size_t limit, std::int64_t second) {
    Offsets found;
    for (const auto& row : must(reader().offerable(
             {.maildrop = "foi", .limit = limit, .now = at(second), .settle_us = settle_us})))
      found.push_back(row.place.offset - 1'000'000);
    return found;
  }
  Books books() { return books_of(must(reader().books())); }
};

TEST_F(MovesTest, WhatIsQuarantinedIsNotOfferedAndNotInTheQueue) {
  apply({quarantined(2, 2, 1)});
  EXPECT_EQ(state(2), DeliveryState::quarantined);
  EXPECT_THAT(listed(0, 100), ElementsAre(1, 3, 4));
  EXPECT_THAT(listed(9, 100), ElementsAre(1, 3, 4));
  EXPECT_EQ(must(reader().queue("", 9)).size(), 3u);
  const auto rows = must(reader().quarantined("foi", 9));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].delivery.uid, uid(2));
  EXPECT_EQ(rows[0].last.value().detail, "score");
  EXPECT_THAT(must(reader().quarantined("other", 9)), IsEmpty());
  EXPECT_EQ(books().quarantined, 1u);
  EXPECT_EQ(must(reader().counts()).waiting, 4u);
}

TEST_F(MovesTest, WhatWasQuarantinedIsReleasedAsAnotherOrDiscarded) {
  apply({quarantined(2, 2, 1), quarantined(3, 3, 2), delivered(5, 2), requeued_as(2, 2, 3, 5)});
  EXPECT_EQ(state(2), DeliveryState::requeued);
  EXPECT_EQ(state(2, 1), DeliveryState::waiting);
  apply({NewFact{place_of(4), HandedOver{uid(3), message(3), at(4), "root", Way::discarded}}});
  EXPECT_EQ(state(3), DeliveryState::handed_over);
  EXPECT_EQ(books().black_holed, 1u);
  EXPECT_THAT(must(reader().quarantined("", 9)), IsEmpty());
}

TEST_F(MovesTest, FindingsAreInTheOrderInWhichTheyWereTold) {
  apply({judged(2, 7)});
  apply({judged(2, 5), judged(2, 7)});
  EXPECT_THAT(must(reader().verdicts(message(2))), ElementsAre(place_of(5), place_of(7)));
  EXPECT_THAT(must(reader().verdicts(message(3))), IsEmpty());
}

TEST_F(MovesTest, WhatWasNeverOfferedComesFirst) {
  apply({offered(1, 1, 1, 100, OfferOutcome::dropped)});
  EXPECT_EQ(state(1), DeliveryState::offered);
  EXPECT_THAT(listed(9, 100), ElementsAre(2, 3, 4, 1));
  EXPECT_THAT(listed(3, 100), ElementsAre(2, 3, 4));
  EXPECT_THAT(listed(0, 100), ElementsAre(1, 2, 3, 4)) << "without a limit: in order of arrival";
}

TEST_F(MovesTest, PlacesMayBeKeptForWhatWasOfferedBefore) {
  apply({offered(1, 1, 1, 100, OfferOutcome::failed), offered(2, 2, 2, 200, OfferOutcome::failed)});
  const auto listed_with = [&](std::size_t limit, std::size_t again) {
    Offsets found;
    for (const auto& row : must(reader().offerable(
             {.maildrop = "foi", .limit = limit, .now = at(900), .settle_us = 0, .again = again})))
      found.push_back(row.place.offset - 1'000'000);
    return found;
  };
  EXPECT_THAT(listed_with(2, 0), ElementsAre(3, 4)) << "what is new fills it";
  EXPECT_THAT(listed_with(2, 1), ElementsAre(3, 4, 1));
  EXPECT_THAT(listed_with(2, 2), ElementsAre(3, 4, 1, 2));
  EXPECT_THAT(listed_with(3, 1), ElementsAre(3, 4, 1)) << "the place that is left is one";
}

TEST_F(MovesTest, WhatTheConsumerHasSeenComesBackWhenItHasSettled) {
  apply({offered(1, 1, 1, 100, OfferOutcome::retrieved), offered(2, 2, 2, 200, OfferOutcome::listed),
         offered(3, 3, 3, 300, OfferOutcome::failed)});
  EXPECT_THAT(listed(9, 400), ElementsAre(4, 3));
  EXPECT_THAT(listed(9, 100 + 31 * 60 - 1), ElementsAre(4, 3));
  EXPECT_THAT(listed(9, 100 + 31 * 60), ElementsAre(4, 1, 3)) << "the longest ago first";
  EXPECT_THAT(listed(9, 200 + 31 * 60), ElementsAre(4, 1, 2, 3));
  apply({offered(1, 1, 4, 5000, OfferOutcome::retrieved)});
  EXPECT_THAT(listed(9, 5001), ElementsAre(4, 2, 3)) << "the last offer counts";
  EXPECT_THAT(listed(0, 0), ElementsAre(1, 2, 3, 4)) << "without a limit nothing waits for the clock";
}

TEST_F(MovesTest, AClockThatWasSetBackHidesNothing) {
  apply({offered(1, 1, 1, 5000, OfferOutcome::retrieved), offered(2, 2, 2, 5000, OfferOutcome::dropped)});
  EXPECT_THAT(listed(9, 100), ElementsAre(3, 4, 1, 2));
}

TEST_F(MovesTest, TheOldestThatWaitsIsNotOneThatIsStuck) {
  apply({stuck(1, 1, 1), offered(2, 2, 2, 1), handed_over(3, 3)});
  EXPECT_EQ(must(reader().oldest_waiting())->uid, uid(2));
  apply({stuck(2, 2, 3), stuck(4, 4, 4)});
  EXPECT_FALSE(must(reader().oldest_waiting()));
}

TEST_F(MovesTest, OffersAreCounted) {
  apply({offered(1, 1, 1, 1, OfferOutcome::dropped), offered(1, 1, 2, 2, OfferOutcome::dropped)});
  apply({offered(1, 1, 2, 2, OfferOutcome::dropped)});  // told twice
  const auto rows = must(reader().offerable({.maildrop = "foi", .limit = 4, .now = at(9)}));
  EXPECT_EQ(rows.back().uid, uid(1));
  EXPECT_EQ(rows.back().offers, 2u);
  const auto queue = must(reader().queue("foi", 10));
  ASSERT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue[0].delivery.uid, uid(1));
  EXPECT_EQ(queue[0].offers, 2u);
  EXPECT_EQ(queue[0].last->detail, "why");
  EXPECT_EQ(queue[0].last->outcome, OfferOutcome::dropped);
  EXPECT_FALSE(queue[1].last);
}

TEST_F(MovesTest, WhatIsStuckIsNotOffered) {
  apply({offered(2, 2, 1, 1), stuck(2, 2, 2), stuck(3, 3, 3)});
  EXPECT_EQ(state(2), DeliveryState::stuck);
  EXPECT_THAT(listed(9, 9999), ElementsAre(1, 4));
  EXPECT_THAT(listed(0, 9999), ElementsAre(1, 4));
  EXPECT_EQ(must(reader().counts()).waiting, 4u) << "it is still to be handed over";
  const auto queue = must(reader().queue("", 10));
  ASSERT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue[1].last->kind, MoveRow::Kind::stuck);
  EXPECT_EQ(queue[1].last->detail, "offered too often");
}

TEST_F(MovesTest, AHandOverCountsWhateverBefellBefore) {
  apply({offered(1, 1, 1, 1), stuck(1, 1, 2), handed_over(1, 1)});
  EXPECT_EQ(state(1), DeliveryState::handed_over);
  apply({stuck(1, 1, 3)});
  EXPECT_EQ(state(1), DeliveryState::handed_over);
}

TEST_F(MovesTest, ARequeuedOneIsDoneWith) {
  apply({requeued_as(1, 1, 1, 9), delivered(9, 1)});
  EXPECT_EQ(state(1), DeliveryState::requeued);
  EXPECT_THAT(listed(0, 0), ElementsAre(2, 3, 4, 9));
  apply({handed_over(1, 1)});
  EXPECT_EQ(state(1), DeliveryState::requeued) << "a session that still had it listed";
  const auto moves = must(reader().moves({message(1), uid(1)}));
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].detail, uid(9).uuid.text());
}

TEST_F(MovesTest, AConfirmationChangesNoState) {
  apply({confirmed(1, 1, 1)});
  EXPECT_EQ(state(1), DeliveryState::waiting);
  apply({handed_over(1, 1)});
  EXPECT_EQ(must(reader().moves({message(1), uid(1)})).at(0).kind, MoveRow::Kind::confirmed);
}

TEST_F(MovesTest, AnErasedMessageKeepsNoneOfThem) {
  apply({offered(1, 1, 1, 1), stuck(1, 1, 2)});
  const Erased erased{.message = message(1),
                      .at = at(9),
                      .by = "root",
                      .reason = "x",
                      .digest = sha256("a"),
                      .size_octets = 1,
                      .received = at(1),
                      .records = {},
                      .deliveries = {{uid(1), "foi", at(1), {}}}};
  apply({NewFact{place_of(9), erased}});
  EXPECT_EQ(state(1), DeliveryState::erased);
  EXPECT_THAT(must(reader().moves({message(1), uid(1)})), IsEmpty());
  apply({offered(1, 1, 10, 10)});
  EXPECT_THAT(must(reader().moves({message(1), uid(1)})), IsEmpty()) << "told late";
  EXPECT_EQ(state(1), DeliveryState::erased);
}

// Volumes may be merged in any order, and a batch may be told again.
TEST_F(MovesTest, AnyOrderAndTwiceTellsTheSame) {
  const std::vector<News> news = {received(7, "seven"), delivered(7, 7),         offered(7, 7, 1, 10),
                                  stuck(7, 7, 2),       requeued_as(7, 7, 3, 8), delivered(8, 7),
                                  offered(8, 7, 4, 20)};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5, 6};
  do {
    must(index->begin_rebuild());
    for (const auto i : order)
      apply({news[i]});
    apply({news[order[0]], news[order[3]], news[order[6]]});
    must(index->end_rebuild());
    ASSERT_EQ(state(7, 0), DeliveryState::requeued);
    ASSERT_EQ(state(7, 1), DeliveryState::offered);
    ASSERT_THAT(listed(0, 0), ElementsAre(8));
    ASSERT_EQ(must(reader().moves({message(7), uid(7)})).size(), 3u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(MovesTest, TheBooksBalance) {
  apply({delivered(5, 1), delivered(6, 1), handed_over(5, 1), stuck(2, 2, 1), offered(3, 3, 2, 1),
         requeued_as(4, 4, 3, 9), delivered(9, 4)});
  apply({NewFact{place_of(50), HandedOver{uid(6), message(1), at(1), "smtp", Way::smtp}},
         NewFact{place_of(51), HandedOver{uid(9), message(4), at(1), "route", Way::discarded}}});
  const auto kept = books();
  EXPECT_EQ(kept.waiting, 2u);
  EXPECT_EQ(kept.stuck, 1u);
  EXPECT_EQ(kept.handed_over, 1u);
  EXPECT_EQ(kept.routed, 1u);
  EXPECT_EQ(kept.black_holed, 1u);
  EXPECT_EQ(kept.accepted, 6u) << in_words(kept);
}

}  // namespace
}  // namespace guichet::store
