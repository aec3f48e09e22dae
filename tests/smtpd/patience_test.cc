// How long a client is waited for, by a clock that stands still until it is told.
#include "smtpd/patience.h"

#include <gtest/gtest.h>

namespace guichet::smtpd {
namespace {

using namespace std::chrono_literals;
using For = Waits::For;

constexpr Time start{1000h};
const Patience patience{.next_command = 300s, .whole_command = 60s, .body_pause = 200s, .session = 3600s};

class WaitsTest : public ::testing::Test {
 protected:
  Time until(For what, Time now, bool progress = true) { return waits_.until(what, progress, now).normal; }
  Waits waits_{patience, start};
};

TEST_F(WaitsTest, EachCommandHasItsTime) {
  EXPECT_EQ(until(For::command, start), start + 300s);
  EXPECT_EQ(until(For::command, start + 299s), start + 599s);
}

// A command dripped octet by octet: each octet would reset an idle timer.
TEST_F(WaitsTest, OctetsOfACommandProlongNothing) {
  EXPECT_EQ(until(For::command, start), start + 300s);
  EXPECT_EQ(until(For::line_end, start + 100s, false), start + 160s);
  EXPECT_EQ(until(For::line_end, start + 110s, false), start + 160s);
  EXPECT_EQ(until(For::line_end, start + 159s, false), start + 160s);
}

// RFC 2920: a group of commands may end anywhere in a packet.
TEST_F(WaitsTest, ACommandThatWasCompletedBeginsTheNextOne) {
  EXPECT_EQ(until(For::line_end, start), start + 60s);
  EXPECT_EQ(until(For::line_end, start + 50s), start + 110s);
  EXPECT_EQ(until(For::line_end, start + 100s, false), start + 110s);
}

TEST_F(WaitsTest, ALineThatEndedIsForgotten) {
  EXPECT_EQ(until(For::line_end, start, false), start + 60s);
  EXPECT_EQ(until(For::command, start + 10s), start + 310s);
  EXPECT_EQ(until(For::line_end, start + 200s, false), start + 260s);
}

TEST_F(WaitsTest, NoSessionIsForEver) {
  EXPECT_EQ(until(For::command, start + 3500s), start + 3600s);
  EXPECT_EQ(until(For::line_end, start + 3590s), start + 3600s);
}

TEST_F(WaitsTest, AMessageThatWasFiledBeginsAnewAndABodyIsNotCutOff) {
  EXPECT_EQ(until(For::body, start + 7200s), start + 7400s);
  waits_.filed(start + 7300s);
  EXPECT_EQ(until(For::command, start + 7300s), start + 7600s);
}

TEST_F(WaitsTest, RepliesAreToBeTakenWithinTheTimeOfACommand) {
  EXPECT_EQ(until(For::replies, start + 4000s), start + 4060s);
}

TEST_F(WaitsTest, EachEndHasItsWords) {
  (void)until(For::command, start);
  EXPECT_EQ(waits_.farewell(start + 300s).text, "time-out, closing");
  (void)until(For::line_end, start);
  EXPECT_EQ(waits_.farewell(start + 60s).text, "time-out in the middle of a command, closing");
  (void)until(For::command, start + 3500s);
  EXPECT_EQ(waits_.farewell(start + 3600s).text, "this session has lasted too long, closing");
  (void)until(For::body, start + 3500s);
  EXPECT_EQ(waits_.farewell(start + 3700s).text, "time-out in the middle of a message, closing");
  EXPECT_EQ(waits_.farewell(start).code, 421);
  EXPECT_EQ(waits_.farewell(start).enhanced, "4.4.2");
}

TEST_F(WaitsTest, ACrowdShortensThemAll) {
  const auto command = waits_.until(For::command, true, start);
  EXPECT_EQ(command.hurried, start + 10s);
  EXPECT_EQ(waits_.until(For::line_end, true, start).hurried, start + 10s);
  EXPECT_EQ(waits_.until(For::replies, true, start).hurried, start + 10s);
  EXPECT_EQ(waits_.until(For::body, true, start).hurried, start + 30s);
  EXPECT_EQ(waits_.until(For::command, true, start + 295s).hurried, start + 300s);
}

TEST_F(WaitsTest, ACrowdLengthensNothing) {
  const Patience short_one{.next_command = 5s, .whole_command = 4s, .body_pause = 3s, .session = 20s};
  const auto less = hurried(short_one);
  EXPECT_EQ(less.next_command, 5s);
  EXPECT_EQ(less.whole_command, 4s);
  EXPECT_EQ(less.body_pause, 3s);
  EXPECT_EQ(less.session, 20s);
}

class BodyPaceTest : public ::testing::Test {
 protected:
  void SetUp() override { pace_.begin(start); }
  BodyPace pace_{patience, 500};
};

TEST_F(BodyPaceTest, APauseIsNoSlowness) {
  EXPECT_FALSE(pace_.too_slow(start + 190s));
  pace_.add(5'000);  // a small message after it
  EXPECT_FALSE(pace_.too_slow(start + 195s));
}

TEST_F(BodyPaceTest, DrippingIsEndedWhenAllPausesAreUsedUp) {
  bool slow = false;
  auto now = start;
  for (; !slow && now < start + 300s; now += 10s) {
    slow = pace_.too_slow(now);
    pace_.add(1);
  }
  EXPECT_TRUE(slow);
  EXPECT_GT(now, start + 200s);
}

TEST_F(BodyPaceTest, AtTheRateIsEnoughForEver) {
  for (auto now = start; now < start + 2h; now += 10s) {
    ASSERT_FALSE(pace_.too_slow(now));
    pace_.add(5'000);
  }
}

TEST_F(BodyPaceTest, AFastBeginningIsNoCreditForLater) {
  pace_.add(200'000'000);
  EXPECT_FALSE(pace_.too_slow(start + 1s));
  EXPECT_FALSE(pace_.too_slow(start + 201s));
  EXPECT_TRUE(pace_.too_slow(start + 202s));
}

TEST_F(BodyPaceTest, AnyRateWillDo) {
  BodyPace pace(patience, 0);
  pace.begin(start);
  EXPECT_FALSE(pace.too_slow(start + 1h));
}

}  // namespace
}  // namespace guichet::smtpd
