#include "smtpd/driver_guess_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::smtpd {
namespace {

using enum RecipientClass;
using namespace std::chrono_literals;

class Limited : public ::testing::Test {
 protected:
  bool exceeded(RecipientClass recipient_class, const std::string& place = "192.0.2.1") {
    return limit.exceeded(place, recipient_class, now);
  }
  unsigned until_exceeded(const std::string& place = "192.0.2.1") {
    for (unsigned tried = 0; tried < 100; ++tried)
      if (exceeded(unknown, place)) return tried;
    return 100;
  }

  GuessLimit limit{10};
  GuessLimit::Clock::time_point now{};
};

TEST_F(Limited, SoManyAndThenNoMore) {
  for (int i = 0; i < 10; ++i)
    EXPECT_FALSE(exceeded(i % 2 ? unknown : repairable)) << i;
  EXPECT_TRUE(exceeded(unknown));
  EXPECT_TRUE(exceeded(repairable));
}

TEST_F(Limited, WhatIsNoGuessIsNeverPutOff) {
  EXPECT_EQ(until_exceeded(), 10U);
  for (const auto each : {genuine, prefix, listed, local})
    EXPECT_FALSE(exceeded(each)) << name_of(each);
}

TEST_F(Limited, WhatIsNoGuessDoesNotCount) {
  for (int i = 0; i < 1000; ++i)
    for (const auto each : {genuine, prefix, listed, local})
      EXPECT_FALSE(exceeded(each));
  EXPECT_EQ(limit.places(), 0U);
  EXPECT_EQ(until_exceeded(), 10U);
}

TEST_F(Limited, IsForgottenInAnHourLittleByLittle) {
  EXPECT_EQ(until_exceeded(), 10U);
  now += 5min;
  EXPECT_TRUE(exceeded(unknown));
  now += 1min + 1s;
  EXPECT_EQ(until_exceeded(), 1U);
  now += 1h;
  EXPECT_EQ(until_exceeded(), 10U);
}

TEST_F(Limited, TryingOnWhilePutOffMakesItNoLonger) {
  EXPECT_EQ(until_exceeded(), 10U);
  for (int second = 0; second < 370; ++second, now += 1s)
    static_cast<void>(exceeded(unknown));
  EXPECT_EQ(until_exceeded(), 0U) << "one was let in after six minutes, and counts";
  now += 6min;
  EXPECT_EQ(until_exceeded(), 1U);
}

TEST_F(Limited, OnePlaceDoesNotPayForAnother) {
  EXPECT_EQ(until_exceeded("192.0.2.1"), 10U);
  EXPECT_EQ(until_exceeded("2001:db8:1:2::/64"), 10U);
}

TEST_F(Limited, RemembersSoManyPlacesAndForgetsTheOldest) {
  EXPECT_EQ(until_exceeded("first"), 10U);
  EXPECT_EQ(until_exceeded("second"), 10U);
  now += 1s;
  for (std::size_t i = 2; i < GuessLimit::places_max; ++i)
    EXPECT_FALSE(exceeded(unknown, std::to_string(i)));
  EXPECT_TRUE(exceeded(unknown, "first")) << "and is the one that guessed last again";
  EXPECT_FALSE(exceeded(unknown, "one more"));
  EXPECT_EQ(limit.places(), GuessLimit::places_max);
  EXPECT_TRUE(exceeded(unknown, "first"));
  EXPECT_FALSE(exceeded(unknown, "second")) << "forgotten";
  EXPECT_EQ(limit.places(), GuessLimit::places_max);
}

TEST(GuessLimit, ZeroIsNone) {
  GuessLimit none{0};
  for (int i = 0; i < 1000; ++i)
    EXPECT_FALSE(none.exceeded("192.0.2.1", unknown, {}));
  EXPECT_EQ(none.places(), 0U);
}

}  // namespace
}  // namespace guichet::smtpd
