#include "cli/overdue.h"

#include <gmock/gmock.h>

#include "tests/cli/moved_clock.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::cli {
namespace {

using ::testing::HasSubstr;

class OverdueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open({.path = temporary_.path() / "store", .prepare_octets = 0}, disk_,
                                     clock_, ids_, [](const std::string&) {});
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
  }
  store::Mail send() {
    auto mail = store::new_mail(clock_, ids_, store::mail_text("x"));
    auto append = store::to_append(*store_, clock_, mail);
    EXPECT_TRUE(append && store::push(*store_, std::move(*append)).get());
    return mail;
  }
  std::string said(Overdue& overdue) {
    const auto alarm = overdue.look();
    return alarm ? alarm->text : "";
  }

  store::TempFolder temporary_;
  store::ForgetfulDisk disk_{temporary_.path()};
  MovedClock clock_;
  store::CountingIds ids_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(OverdueTest, IsSaidOnceADayForAsLongAsItLasts) {
  Overdue overdue(*store_, clock_, Overdue::poller(24));
  EXPECT_EQ(said(overdue), "") << "nothing waits";
  const auto mail = send();
  clock_.pass(23);
  EXPECT_EQ(said(overdue), "");
  clock_.pass(2);
  EXPECT_THAT(said(overdue), HasSubstr("maildrop foi waits for 25 hours"));
  clock_.pass(23);
  EXPECT_EQ(said(overdue), "");
  clock_.pass(2);
  EXPECT_THAT(said(overdue), HasSubstr("waits for 50 hours"));
  ASSERT_TRUE(store::push(*store_, store::hand_over(clock_, {{mail.message, mail.uids[0]}})).get());
  clock_.pass(25);
  EXPECT_EQ(said(overdue), "");
}

TEST_F(OverdueTest, WhatWasOfferedInVainWaitsToo) {
  const auto mail = send();
  ASSERT_TRUE(store::append_and_wait(
      *store_,
      {store::Offered{mail.uids[0], mail.message, clock_.now(), "pop3", store::OfferOutcome::dropped, {}}}));
  clock_.pass(25);
  Overdue overdue(*store_, clock_, Overdue::poller(24));
  const auto alarm = overdue.look();
  ASSERT_TRUE(alarm);
  EXPECT_EQ(alarm->message, mail.message);
}

TEST_F(OverdueTest, WhatIsStuckHadAnAlarmOfItsOwn) {
  const auto mail = send();
  ASSERT_TRUE(store::append_and_wait(
      *store_, {store::Stuck{mail.uids[0], mail.message, clock_.now(), "pop3", "offered too often"}}));
  clock_.pass(25);
  Overdue overdue(*store_, clock_, Overdue::poller(24));
  EXPECT_EQ(said(overdue), "");
}

TEST_F(OverdueTest, MayBeTurnedOff) {
  (void)send();
  clock_.pass(2500);
  Overdue overdue(*store_, clock_, Overdue::poller(0));
  EXPECT_EQ(said(overdue), "");
}

TEST_F(OverdueTest, WhatNobodyLooksAtInQuarantine) {
  Overdue overdue(*store_, clock_, Overdue::quarantine(72));
  const auto mail = send();
  ASSERT_TRUE(store::append_and_wait(
      *store_, {store::Quarantined{mail.uids[0], mail.message, clock_.now(), "guichet", "rule junk"}}));
  clock_.pass(71);
  EXPECT_EQ(said(overdue), "");
  clock_.pass(2);
  EXPECT_THAT(said(overdue), HasSubstr("is in quarantine for 73 hours: guichet quarantine list"));
  Overdue poller(*store_, clock_, Overdue::poller(1));
  EXPECT_EQ(said(poller), "") << "nobody collects it";
}

}  // namespace
}  // namespace guichet::cli
