// A table that strangers fill stays bounded, and forgets who was away longest.
#include "net/recent.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::net {
namespace {

TEST(Recent, WhoWasUsedLongestAgoMakesRoom) {
  Recent<int> table(3);
  table.use("a") = 1;
  table.use("b") = 2;
  table.use("c") = 3;
  ASSERT_NE(table.find("a"), nullptr);  // a use: now b is the oldest
  table.use("d") = 4;
  EXPECT_EQ(table.find("b"), nullptr);
  ASSERT_NE(table.find("a"), nullptr);
  EXPECT_EQ(*table.find("a"), 1);
  EXPECT_EQ(*table.find("d"), 4);
  EXPECT_EQ(table.size(), 3U);
}

TEST(Recent, TheInitialValueIsForTheFirstUseAlone) {
  Recent<int> table(2);
  EXPECT_EQ(table.use("a", 7), 7);
  table.use("a", 9) += 1;
  EXPECT_EQ(*table.find("a"), 8);
}

TEST(Recent, AFloodLeavesItBounded) {
  Recent<int> table(100);
  for (int number = 0; number < 100'000; ++number)
    table.use("2001:db8::" + std::to_string(number)) = number;
  EXPECT_EQ(table.size(), 100U);
  EXPECT_EQ(table.find("2001:db8::99899"), nullptr);
  ASSERT_NE(table.find("2001:db8::99900"), nullptr);
}

}  // namespace
}  // namespace guichet::net
