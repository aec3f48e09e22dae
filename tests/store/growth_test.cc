#include "store/growth.h"

#include <gtest/gtest.h>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

class GrowthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::open({.path = home_.path(), .prepare_octets = 0}, disk_, clock_, ids_, [](auto&) {});
    ASSERT_TRUE(store);
    const auto mail = new_mail(clock_, ids_, mail_text(std::string(100'000, 'x')));
    ASSERT_TRUE(push(**store, *to_append(**store, clock_, mail)).get());
  }
  Growth after(double days) {
    const Instant now{clock_.now().unix_us + static_cast<std::int64_t>(days * day_us)};
    return measure_growth(Archive(disk_, home_.path()), 0, now).value();
  }

  TempFolder home_;
  ForgetfulDisk disk_{home_.path()};
  SteadyClock clock_;
  CountingIds ids_;
};

TEST_F(GrowthTest, CountsWhatIsThere) {
  EXPECT_EQ(after(0).volumes, 1u);
  EXPECT_GT(after(0).octets, 100'000u);
}

TEST_F(GrowthTest, OfTheFirstDayIsNoForecast) {
  EXPECT_FALSE(after(0.9).octets_per_day);
  EXPECT_FALSE(after(0.9).days_left);
}

TEST_F(GrowthTest, IsByTheDayAndSaysHowLongThereIsRoom) {
  disk_.set_room(1'000'000);
  const auto growth = after(10);
  ASSERT_TRUE(growth.octets_per_day && growth.days_left);
  EXPECT_NEAR(static_cast<double>(*growth.octets_per_day), static_cast<double>(growth.octets) / 10, 10);
  EXPECT_EQ(*growth.days_left, 1'000'000 / *growth.octets_per_day);
}

TEST_F(GrowthTest, WhatCameLongAgoIsNoGrowth) {
  EXPECT_FALSE(after(40).octets_per_day);
}

}  // namespace
}  // namespace guichet::store
