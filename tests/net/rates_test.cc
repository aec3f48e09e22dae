// How often something may happen, by a clock that stands still until it is told.
#include "net/rates.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::net {
namespace {

using namespace std::chrono_literals;

constexpr Rates::Clock::time_point start{1000h};

unsigned taken(Rates& rates, std::string_view name, unsigned tries, Rates::Clock::time_point now) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i)
    count += rates.take(name, now) ? 1 : 0;
  return count;
}

TEST(Rates, ABurstOfTheWholeMinuteIsLetThrough) {
  Rates rates(500);
  EXPECT_EQ(taken(rates, "192.0.2.1", 501, start), 500U);
}

TEST(Rates, TheBucketFillsAgainWithinAMinute) {
  Rates rates(60);
  EXPECT_EQ(taken(rates, "a", 100, start), 60U);
  EXPECT_EQ(taken(rates, "a", 100, start + 1s), 1U);
  EXPECT_EQ(taken(rates, "a", 100, start + 31s), 30U);
  EXPECT_EQ(taken(rates, "a", 100, start + 10min), 60U);  // and never holds more
}

TEST(Rates, WhatIsRefusedCostsNothing) {
  Rates rates(60);
  EXPECT_EQ(taken(rates, "a", 100'000, start), 60U);
  EXPECT_EQ(taken(rates, "a", 1, start + 1s), 1U);
}

TEST(Rates, EachNameHasItsOwn) {
  Rates rates(1);
  EXPECT_TRUE(rates.take("a", start));
  EXPECT_FALSE(rates.take("a", start));
  EXPECT_TRUE(rates.take("b", start));
}

TEST(Rates, NoLimitIsNoLimit) {
  Rates rates(0);
  EXPECT_EQ(taken(rates, "a", 100'000, start), 100'000U);
}

// What a flood of other names pushes out begins anew: it is let through, not shut out.
TEST(Rates, AFloodOfNamesIsBoundedAndShutsNobodyOut) {
  Rates rates(1);
  EXPECT_TRUE(rates.take("honest", start));
  for (std::size_t number = 0; number < Rates::names_max; ++number)
    EXPECT_TRUE(rates.take(std::to_string(number), start));
  EXPECT_TRUE(rates.take("honest", start));
}

TEST(Rates, AClockThatGoesBackGivesNothingAndTakesNothing) {
  Rates rates(2);
  EXPECT_TRUE(rates.take("a", start));
  EXPECT_TRUE(rates.take("a", start - 1h));
  EXPECT_FALSE(rates.take("a", start - 1h));
}

}  // namespace
}  // namespace guichet::net
