#include "popd/offers.h"

#include <gmock/gmock.h>

#include <string>

namespace guichet::popd {
namespace {

using store::OfferOutcome;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

store::WaitingRow row(std::uint8_t name, std::uint32_t offers = 0, std::int64_t last_offer = 0) {
  store::WaitingRow made;
  made.uid.uuid.octets[15] = name;
  made.message.uuid.octets[15] = name;
  made.offers = offers;
  made.last_offer = {last_offer};
  return made;
}

// "handed over 1", "dropped 2", …
std::vector<std::string> told(const std::vector<store::WaitingRow>& offered, const SessionEnd& end,
                              const OfferRules& rules = {}) {
  std::vector<std::string> texts;
  for (const auto& fact : facts_of(offered, end, rules)) {
    std::string text;
    if (std::holds_alternative<store::HandedOver>(fact)) text = "handed over";
    if (const auto* offer = std::get_if<store::Offered>(&fact)) text = name_of(offer->outcome);
    if (std::holds_alternative<store::Stuck>(fact)) text = "stuck";
    texts.push_back(text + ' ' + std::to_string(message_of(fact).uuid.octets[15]));
  }
  return texts;
}

SessionEnd quit(std::vector<bool> retrieved, std::vector<std::size_t> deleted, bool uids_told = true) {
  return {.quit = true,
          .uids_told = uids_told,
          .retrieved = std::move(retrieved),
          .deleted = std::move(deleted),
          .at = {1000},
          .by = "pop3",
          .last_hand_over = {900}};
}

SessionEnd dropped(std::vector<bool> retrieved, std::vector<std::size_t> deleted) {
  auto end = quit(std::move(retrieved), std::move(deleted));
  end.quit = false;
  return end;
}

TEST(Offers, WhatWasDeletedIsHandedOverByQuitAlone) {
  EXPECT_THAT(told({row(1), row(2)}, quit({true, true}, {1, 2})),
              ElementsAre("handed over 1", "handed over 2"));
  EXPECT_THAT(told({row(1), row(2)}, dropped({true, true}, {1, 2})), ElementsAre("dropped 1", "dropped 2"));
  EXPECT_THAT(told({row(1)}, quit({false}, {1})), ElementsAre("handed over 1")) << "unread, but taken";
}

TEST(Offers, WhatWasRetrievedAndNotDeletedMadeItStumble) {
  EXPECT_THAT(told({row(1), row(2), row(3)}, quit({true, true, true}, {1, 3})),
              ElementsAre("handed over 1", "retrieved 2", "handed over 3"));
}

TEST(Offers, WhatWasSkippedByAClientThatKnowsUidsCounts) {
  EXPECT_THAT(told({row(1)}, quit({false}, {})), ElementsAre("listed 1"));
  EXPECT_THAT(told({row(1)}, quit({false}, {}, false)), IsEmpty()) << "a check by STAT is no offer";
  EXPECT_THAT(told({row(1)}, dropped({false}, {})), IsEmpty());
}

TEST(Offers, AListingOfAllIsNoOfferOfEach) {
  EXPECT_THAT(told({row(1), row(2)}, quit({false, true}, {}), {.session_messages_max = 0}),
              ElementsAre("retrieved 2"));
  EXPECT_THAT(told({row(1), row(2)}, quit({false, true}, {}), {.session_messages_max = 65}),
              ElementsAre("retrieved 2"));
}

TEST(Offers, WhatIsOfferedTooOftenIsStuck) {
  EXPECT_THAT(told({row(1, 8, 100)}, quit({true}, {})), ElementsAre("retrieved 1"));
  EXPECT_THAT(told({row(1, 9, 100)}, quit({true}, {})), ElementsAre("retrieved 1", "stuck 1"));
  EXPECT_THAT(told({row(1, 9, 100)}, dropped({true}, {})), ElementsAre("dropped 1", "stuck 1"))
      << "whoever dies of it never says QUIT";
  EXPECT_THAT(told({row(1, 99, 100)}, quit({true}, {}), {.offers_max = 0}), ElementsAre("retrieved 1"));
  EXPECT_THAT(told({row(1, 9, 100)}, quit({true}, {1})), ElementsAre("handed over 1"));
}

TEST(Offers, NothingIsStuckWhileTheConsumerTakesNothing) {
  auto end = quit({true}, {});
  end.last_hand_over = {};
  EXPECT_THAT(told({row(1, 50, 100)}, end), ElementsAre("retrieved 1"));
  end.last_hand_over = {100};
  EXPECT_THAT(told({row(1, 50, 100)}, end), ElementsAre("retrieved 1")) << "not since its last offer";
  end.last_hand_over = {101};
  EXPECT_THAT(told({row(1, 50, 100)}, end), ElementsAre("retrieved 1", "stuck 1"));
}

}  // namespace
}  // namespace guichet::popd
