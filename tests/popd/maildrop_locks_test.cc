#include "popd/maildrop_locks.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

using namespace std::chrono_literals;

class MaildropLocksTest : public ::testing::Test {
 protected:
  std::unique_ptr<MaildropLocks::Lock> lock(MaildropLocks::Clock::duration since_start,
                                            const std::string& name = "foi") {
    return locks_.try_lock(name, start_ + since_start, 600s, [this] { ++sent_away_; });
  }

  const MaildropLocks::Clock::time_point start_{1000h};
  MaildropLocks locks_;
  int sent_away_ = 0;
};

TEST_F(MaildropLocksTest, OneSessionHasIt) {
  auto first = lock(0s);
  ASSERT_TRUE(first);
  EXPECT_FALSE(lock(1s));
  EXPECT_TRUE(lock(1s, "other"));
  first.reset();
  EXPECT_TRUE(lock(2s));
}

TEST_F(MaildropLocksTest, ASilentOneIsSentAwayOnce) {
  auto first = lock(0s);
  EXPECT_FALSE(lock(599s));
  EXPECT_EQ(sent_away_, 0);
  EXPECT_FALSE(lock(600s)) << "its session ends first";
  EXPECT_FALSE(lock(601s));
  EXPECT_EQ(sent_away_, 1);
  first.reset();
  EXPECT_TRUE(lock(602s));
}

TEST_F(MaildropLocksTest, OneThatWasHeardOfStays) {
  auto first = lock(0s);
  first->heard(start_ + 500s);
  EXPECT_FALSE(lock(1099s));
  EXPECT_EQ(sent_away_, 0);
  EXPECT_FALSE(lock(1100s));
  EXPECT_EQ(sent_away_, 1);
}

TEST_F(MaildropLocksTest, ANewHolderHasItsOwnTime) {
  auto first = lock(0s);
  EXPECT_FALSE(lock(600s));
  first.reset();
  auto second = lock(700s);
  EXPECT_FALSE(lock(1299s));
  EXPECT_EQ(sent_away_, 1) << "it starts anew";
  EXPECT_FALSE(lock(1300s));
  EXPECT_EQ(sent_away_, 2);
}

}  // namespace
}  // namespace guichet::popd
