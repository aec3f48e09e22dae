// The loop that accepts goes on after every error of accept(2), does not spin, and says so once a minute.
#include "net/accept_trouble.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace guichet::net {
namespace {

using namespace std::chrono_literals;

constexpr AcceptTrouble::Clock::time_point start{1000h};

TEST(AcceptTrouble, AClientThatIsGoneDelaysNobody) {
  for (const int number : {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM, EINTR})
    EXPECT_TRUE(AcceptTrouble::concerns_one_client(number)) << number;
}

TEST(AcceptTrouble, WhatLastsIsWaitedFor) {
  for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL, EBADF})
    EXPECT_FALSE(AcceptTrouble::concerns_one_client(number)) << number;
}

TEST(AcceptTrouble, ToldAtOnceThenOnceAMinuteWithTheNumber) {
  AcceptTrouble trouble;
  EXPECT_EQ(trouble.to_be_told(start), 1U);
  EXPECT_EQ(trouble.to_be_told(start + 100ms), std::nullopt);
  EXPECT_EQ(trouble.to_be_told(start + 200ms), std::nullopt);
  EXPECT_EQ(trouble.to_be_told(start + 60s), 3U);
  EXPECT_EQ(trouble.to_be_told(start + 61s), std::nullopt);
}

}  // namespace
}  // namespace guichet::net
