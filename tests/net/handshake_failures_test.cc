#include "net/handshake_failures.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::net {
namespace {

using namespace std::chrono_literals;

constexpr HandshakeFailures::Clock::time_point begin{};

TEST(HandshakeFailures, AreRememberedForADay) {
  HandshakeFailures failures(24h);
  EXPECT_FALSE(failures.remembers("192.0.2.1", begin));
  failures.failed("192.0.2.1", begin);
  EXPECT_TRUE(failures.remembers("192.0.2.1", begin));
  EXPECT_TRUE(failures.remembers("192.0.2.1", begin + 24h - 1s));
  EXPECT_FALSE(failures.remembers("192.0.2.1", begin + 24h));
  EXPECT_FALSE(failures.remembers("192.0.2.2", begin)) << "another's";
}

TEST(HandshakeFailures, TheLastOneCounts) {
  HandshakeFailures failures(24h);
  failures.failed("2001:db8::/64", begin);
  failures.failed("2001:db8::/64", begin + 10h);
  EXPECT_TRUE(failures.remembers("2001:db8::/64", begin + 33h));
  EXPECT_FALSE(failures.remembers("2001:db8::/64", begin + 34h));
}

TEST(HandshakeFailures, ASuccessMakesUpForThem) {
  HandshakeFailures failures(24h);
  failures.failed("192.0.2.1", begin);
  failures.succeeded("192.0.2.1");
  failures.succeeded("192.0.2.2");
  EXPECT_FALSE(failures.remembers("192.0.2.1", begin));
}

TEST(HandshakeFailures, NoneAreRememberedWithoutAMemory) {
  HandshakeFailures failures(0s);
  failures.failed("192.0.2.1", begin);
  EXPECT_FALSE(failures.remembers("192.0.2.1", begin));
}

// A botnet that fails from everywhere at once costs a megabyte or two, and the oldest are forgotten.
TEST(HandshakeFailures, AreBounded) {
  HandshakeFailures failures(24h);
  const auto place = [](std::size_t number) { return "place " + std::to_string(number); };
  constexpr auto many = HandshakeFailures::places_max;
  for (std::size_t i = 0; i < many; ++i)
    failures.failed(place(i), begin);
  failures.failed(place(0), begin + 1s);  // now the youngest
  failures.failed("one more", begin + 2s);
  EXPECT_TRUE(failures.remembers(place(0), begin + 2s));
  EXPECT_FALSE(failures.remembers(place(1), begin + 2s));
  EXPECT_TRUE(failures.remembers(place(2), begin + 2s));
  EXPECT_TRUE(failures.remembers("one more", begin + 2s));
}

}  // namespace
}  // namespace guichet::net
