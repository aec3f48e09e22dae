// Ids sort in the order of minting unless the clock is set back by a second or more; `list` shows them so.
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

#include "store/seams.h"

namespace guichet::store {
namespace {

constexpr Instant noon{1'780'000'000'123'456};

TEST(Ids, AreOfVersion7AndCarryTheTime) {
  const auto text = random_ids()->mint(noon).text();
  EXPECT_EQ(text.substr(0, 18), "019e7044-887b-774b");  // 1,780,000,000,123 ms; 0.456 ms is 0x74b of 4,096
}

TEST(Ids, OfOneMicrosecondSortInOrder) {
  const auto ids = random_ids();
  auto last = ids->mint(noon);
  for (int i = 0; i < 100'000; ++i) {
    const auto next = ids->mint(noon);
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(Ids, AClockSetBackALittleIsWaitedFor) {
  const auto ids = random_ids();
  const auto first = ids->mint(noon);
  const auto second = ids->mint({noon.unix_us - 900'000});
  EXPECT_LT(first, second);
  EXPECT_LT(second, ids->mint({noon.unix_us + 1}));
}

TEST(Ids, AClockSetBackByAnHourIsFollowed) {
  const auto ids = random_ids();
  const auto first = ids->mint(noon);
  EXPECT_LT(ids->mint({noon.unix_us - 3'600'000'000}), first);
}

TEST(Ids, AreUniqueAcrossSources) {
  std::unordered_set<std::string> seen;
  for (int source = 0; source < 100; ++source) {
    const auto ids = random_ids();
    for (int i = 0; i < 100; ++i)
      EXPECT_TRUE(seen.insert(ids->mint(noon).text()).second);
  }
}

}  // namespace
}  // namespace guichet::store
