#include "filters/circuit_breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const CircuitBreaker::Time start{};

CircuitBreaker opened_at(CircuitBreaker::Time now) {
  CircuitBreaker breaker({});
  for (int i = 0; i < 5; ++i)
    breaker.failed(now, "connection refused");
  return breaker;
}

TEST(CircuitBreaker, OpensAfterFiveFailuresInARow) {
  CircuitBreaker breaker({});
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(breaker.may_ask(start));
    breaker.failed(start, "connection refused");
  }
  breaker.succeeded();
  for (int i = 0; i < 4; ++i)
    breaker.failed(start, "connection refused");
  EXPECT_FALSE(breaker.is_open()) << "they were not in a row";
  EXPECT_TRUE(breaker.may_ask(start));
  breaker.failed(start, "connection refused");
  EXPECT_TRUE(breaker.is_open());
  EXPECT_FALSE(breaker.may_ask(start));
}

TEST(CircuitBreaker, LetsOneThroughAfterTheWaitAndTheOthersNot) {
  auto breaker = opened_at(start);
  EXPECT_FALSE(breaker.may_ask(start + 10s - 1ms));
  EXPECT_TRUE(breaker.may_ask(start + 10s));
  EXPECT_FALSE(breaker.may_ask(start + 10s));
  EXPECT_FALSE(breaker.may_ask(start + 1h)) << "as long as that one is not back";
  breaker.succeeded();
  EXPECT_TRUE(breaker.may_ask(start + 1h));
  EXPECT_TRUE(breaker.may_ask(start + 1h));
}

TEST(CircuitBreaker, DoublesItsWaitUpToFiveMinutes) {
  auto breaker = opened_at(start);
  auto now = start;
  for (const auto wait : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    EXPECT_FALSE(breaker.may_ask(now + wait - 1ms)) << wait.count();
    now += wait;
    EXPECT_TRUE(breaker.may_ask(now)) << wait.count();
    breaker.failed(now, "timed out");
  }
  EXPECT_TRUE(breaker.may_ask(now + 300s));
  breaker.succeeded();
  for (int i = 0; i < 5; ++i)
    breaker.failed(now, "timed out");
  EXPECT_TRUE(breaker.may_ask(now + 10s)) << "after a success it begins again";
}

TEST(CircuitBreaker, IsNotMovedByThoseThatAskedBeforeItOpened) {
  auto breaker = opened_at(start);
  for (int i = 0; i < 20; ++i)
    breaker.failed(start + 5s, "timed out");
  EXPECT_TRUE(breaker.may_ask(start + 10s));
  auto other = opened_at(start);
  other.succeeded();
  EXPECT_TRUE(other.may_ask(start + 1s)) << "a late success shows that it is there";
}

TEST(CircuitBreaker, LetsTheNextOneThroughWhenOneFoundNothingOut) {
  auto breaker = opened_at(start);
  EXPECT_TRUE(breaker.may_ask(start + 10s));
  breaker.found_nothing_out();
  EXPECT_TRUE(breaker.is_open());
  EXPECT_TRUE(breaker.may_ask(start + 10s));
}

TEST(CircuitBreaker, SaysSinceWhenAndWhy) {
  CircuitBreaker breaker({});
  EXPECT_EQ(breaker.words(start), "closed");
  breaker.failed(start, "timed out");
  EXPECT_EQ(breaker.words(start), "closed, 1 failed: timed out");
  auto open = opened_at(start);
  EXPECT_EQ(open.words(start + 2500ms),
            "open for 3 s after 5 failures in a row, the last: connection refused; asked again in 8 s");
  EXPECT_THAT(open.words(start + 11s), HasSubstr("; the next message asks it again"));
  EXPECT_TRUE(open.may_ask(start + 11s));
  EXPECT_THAT(open.words(start + 11s), HasSubstr("; one message asks it now"));
  open.failed(start + 11s, "no answer in time");
  EXPECT_EQ(open.words(start + 12s),
            "open for 12 s after 6 failures in a row, the last: no answer in time; asked again in 19 s");
}

}  // namespace
}  // namespace guichet::filters
