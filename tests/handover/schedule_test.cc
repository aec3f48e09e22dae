#include "handover/schedule.h"

#include <gtest/gtest.h>

namespace guichet::handover {
namespace {

using namespace std::chrono_literals;

store::Uid uid(std::uint8_t name) {
  store::Uid made;
  made.uuid.octets[15] = name;
  return made;
}

const Schedule::Time start{};

TEST(Schedule, AMessageWaitsTwiceAsLongEachTimeUpToAnHour) {
  Schedule schedule;
  auto now = start;
  for (const auto wait : {30s, 60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
    EXPECT_TRUE(schedule.may_try(uid(1), now));
    schedule.message_refused(uid(1), now, 0);
    EXPECT_FALSE(schedule.may_try(uid(1), now + wait - 1ms));
    EXPECT_TRUE(schedule.may_try(uid(2), now)) << "others go on";
    now += wait;
  }
  EXPECT_EQ(schedule.failures(uid(1)), 9u);
  schedule.done(uid(1));
  EXPECT_EQ(schedule.failures(uid(1)), 0u);
}

TEST(Schedule, ChanceTakesUpToAQuarterOff) {
  Schedule schedule;
  schedule.message_refused(uid(1), start, 1);
  EXPECT_FALSE(schedule.may_try(uid(1), start + 22s));
  EXPECT_TRUE(schedule.may_try(uid(1), start + 22500ms));
}

TEST(Schedule, WhenNobodyIsThereAllWaitAndOneSuccessLetsAllGoOn) {
  Schedule schedule;
  auto now = start;
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}) {
    EXPECT_TRUE(schedule.may_try(now));
    schedule.unreachable(now, 0);
    EXPECT_FALSE(schedule.is_reachable());
    EXPECT_FALSE(schedule.may_try(now + wait - 1ms));
    now += wait;
  }
  schedule.unreachable(now, 0);
  schedule.reached();
  EXPECT_TRUE(schedule.may_try(now));
  EXPECT_TRUE(schedule.is_reachable());
}

TEST(Schedule, KnowsWhenToLookAgain) {
  Schedule schedule;
  EXPECT_EQ(schedule.next(start, 60s), start + 60s);
  schedule.message_refused(uid(1), start, 0);
  schedule.message_refused(uid(2), start + 10s, 0);
  EXPECT_EQ(schedule.next(start + 10s, 60s), start + 30s);
  EXPECT_EQ(schedule.next(start + 31s, 60s), start + 40s) << "what may be tried now is not waited for";
  schedule.unreachable(start + 10s, 0);
  EXPECT_EQ(schedule.next(start + 10s, 60s), start + 11s);
}

TEST(Schedule, CountsDoNotOverflow) {
  Schedule schedule;
  for (int i = 0; i < 1000; ++i)
    schedule.unreachable(start, 0.5);
  EXPECT_LE(schedule.next(start, 1h), start + 5min);
}

}  // namespace
}  // namespace guichet::handover
