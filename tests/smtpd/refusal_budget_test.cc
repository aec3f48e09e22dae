#include "smtpd/refusal_budget.h"

#include <gtest/gtest.h>

namespace guichet::smtpd {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

store::Instant at(std::int64_t minute, std::int64_t us = 0) {
  return {1'780'000'020'000'000 + minute * minute_us + us};
}

unsigned admitted(RefusalBudget& budget, const std::string& client, store::Instant when, unsigned tries) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i)
    count += budget.admit(client, when) ? 1 : 0;
  return count;
}

TEST(RefusalBudget, OfOneClientWithinAMinute) {
  RefusalBudget budget({.per_client_per_minute_max = 3, .per_minute_max = 100});
  EXPECT_EQ(admitted(budget, "192.0.2.1", at(0), 10), 3u);
  EXPECT_EQ(admitted(budget, "192.0.2.2", at(0), 3), 3u);
  EXPECT_EQ(admitted(budget, "192.0.2.1", at(1), 10), 3u);
}

TEST(RefusalBudget, OfAllWithinAMinute) {
  RefusalBudget budget({.per_client_per_minute_max = 2, .per_minute_max = 5});
  unsigned count = 0;
  for (int client = 0; client < 1000; ++client)
    count += admitted(budget, "192.0.2." + std::to_string(client), at(0), 2);
  EXPECT_EQ(count, 5u);
  EXPECT_EQ(admitted(budget, "192.0.2.1", at(1), 2), 2u);
}

TEST(RefusalBudget, ANetworkOfIPv6IsOneClient) {
  RefusalBudget budget({.per_client_per_minute_max = 2, .per_minute_max = 100});
  EXPECT_EQ(admitted(budget, "2001:db8:1:2::1", at(0), 1), 1u);
  EXPECT_EQ(admitted(budget, "2001:db8:1:2:ffff::9", at(0), 9), 1u);
  EXPECT_EQ(admitted(budget, "2001:db8:1:3::1", at(0), 9), 2u);
  EXPECT_EQ(network_of("2001:db8:1:2:3::4"), "2001:db8:1:2::");
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of(""), "");
}

TEST(RefusalBudget, SaysHowManyWereLeftOutWhenTheMinuteIsOver) {
  RefusalBudget budget({.per_client_per_minute_max = 1, .per_minute_max = 100});
  EXPECT_EQ(admitted(budget, "192.0.2.1", at(0, 5), 1), 1u);
  EXPECT_FALSE(budget.take_left_out(at(1)));
  EXPECT_EQ(admitted(budget, "192.0.2.1", at(0, 7), 4), 0u);
  EXPECT_FALSE(budget.take_left_out(at(0, 9))) << "one record a minute";
  const auto said = budget.take_left_out(at(1));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->refusals, 4u);
  EXPECT_EQ(said->from, at(0, 7));
  EXPECT_EQ(said->until, at(0, 7));
  EXPECT_FALSE(budget.take_left_out(at(2))) << "once";
}

TEST(RefusalBudget, AtTheEndItIsSaidAnyway) {
  RefusalBudget budget({});
  budget.leave_out(7, at(0));
  EXPECT_EQ(budget.take_left_out(at(0), true)->refusals, 7u);
}

TEST(RefusalBudget, AClockThatGoesBackStartsAMinute) {
  RefusalBudget budget({.per_client_per_minute_max = 1, .per_minute_max = 100});
  EXPECT_TRUE(budget.admit("192.0.2.1", at(5)));
  EXPECT_TRUE(budget.admit("192.0.2.1", at(4)));
}

}  // namespace
}  // namespace guichet::smtpd
