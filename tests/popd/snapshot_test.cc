#include "popd/snapshot.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

using Presence = Snapshot::Presence;

TEST(Snapshot, MarksAreCountedAndTakenOff) {
  Snapshot snapshot({{"a", 10}, {"b", 20}, {"c", 30}});
  snapshot.mark_deleted(2);
  snapshot.mark_deleted(2);
  EXPECT_EQ(snapshot.listed_count(), 2U);
  EXPECT_EQ(snapshot.listed_octets(), 40U);
  EXPECT_EQ(snapshot.highest(), 3U);
  EXPECT_EQ(snapshot.deleted(), std::vector<std::size_t>{2});

  snapshot.unmark_all();
  EXPECT_EQ(snapshot.listed_count(), 3U);
  EXPECT_EQ(snapshot.listed_octets(), 60U);
  EXPECT_TRUE(snapshot.deleted().empty());
}

TEST(Snapshot, PresenceOfAnyNumber) {
  Snapshot snapshot({{"a", 1}, {"b", 2}});
  snapshot.mark_deleted(2);
  EXPECT_EQ(snapshot.presence(0), Presence::absent);
  EXPECT_EQ(snapshot.presence(1), Presence::listed);
  EXPECT_EQ(snapshot.presence(2), Presence::deleted);
  EXPECT_EQ(snapshot.presence(3), Presence::absent);
  EXPECT_EQ(snapshot.presence(UINT64_MAX), Presence::absent);
}

TEST(Snapshot, OctetsPastFourGigabytes) {
  const Snapshot snapshot({{"a", 5'000'000'000}, {"b", 5'000'000'000}});
  EXPECT_EQ(snapshot.listed_octets(), 10'000'000'000U);
}

}  // namespace
}  // namespace guichet::popd
