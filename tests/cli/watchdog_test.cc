#include "cli/watchdog.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <vector>

namespace guichet::cli {
namespace {

using std::chrono::milliseconds;

// Two that are asked, of whom the test says when they answer.
class WatchdogTest : public ::testing::Test {
 protected:
  void pass(int ms) { dog_.turn(now_ += milliseconds(ms)); }
  void answer(std::size_t which) { questions_.at(which)(); }

  std::vector<std::function<void()>> questions_;
  int told_ = 0;
  Watchdog::Clock::time_point now_{};
  Watchdog dog_{milliseconds(1000),
                [this](const std::function<void()>& answered) {
                  questions_.insert(questions_.end(), 2, answered);
                  return 2u;
                },
                [this] { ++told_; }};
};

TEST_F(WatchdogTest, TellsWhenAllHaveAnswered) {
  pass(0);
  ASSERT_EQ(questions_.size(), 2u);
  answer(0);
  pass(100);
  EXPECT_EQ(told_, 0);
  answer(1);
  pass(100);
  EXPECT_EQ(told_, 1);
  pass(100);
  EXPECT_EQ(told_, 1);
}

TEST_F(WatchdogTest, AsksAgainAtHalfOfThePatience) {
  pass(0);
  answer(0), answer(1);
  pass(499);
  EXPECT_EQ(questions_.size(), 2u);
  pass(1);
  EXPECT_EQ(questions_.size(), 4u);
}

TEST_F(WatchdogTest, SaysNothingForOneThatHangs) {
  pass(0);
  answer(0);
  for (int i = 0; i < 100; ++i)
    pass(100);
  EXPECT_EQ(told_, 0);
  EXPECT_EQ(questions_.size(), 2u);  // and asks it no more
}

TEST_F(WatchdogTest, CountsNoLateAnswerForTheNextQuestion) {
  pass(0);
  answer(0), answer(1);
  pass(500);
  ASSERT_EQ(questions_.size(), 4u);
  answer(0), answer(1);  // of the first question, once more
  pass(100);
  EXPECT_EQ(told_, 1);
}

TEST(Watchdog, IsWantedByTheManagersVariables) {
  ::unsetenv("WATCHDOG_PID");
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_FALSE(Watchdog::patience());
  ::setenv("WATCHDOG_USEC", "180000000", 1);
  EXPECT_EQ(Watchdog::patience(), std::chrono::minutes(3));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(Watchdog::patience());
  ::unsetenv("WATCHDOG_PID");
  for (const char* none : {"", "0", "soon", "1s", "-5"}) {
    ::setenv("WATCHDOG_USEC", none, 1);
    EXPECT_FALSE(Watchdog::patience()) << none;
  }
}

}  // namespace
}  // namespace guichet::cli
