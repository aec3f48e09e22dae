// What a login is offered, and what a session makes of it: over a real store in a folder of its own, with a
// clock that the test moves and a disk that fails to read when it is told to.
#include "popd/maildrops.h"

#include <gmock/gmock.h>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::popd {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class MovedClock final : public store::Clock {
 public:
  store::Instant now() override { return {start_us + ++ticks_us_}; }
  void pass(std::chrono::microseconds time) { ticks_us_ += time.count(); }

 private:
  static constexpr std::int64_t start_us = 1'780'000'000'000'000;
  std::atomic<std::int64_t> ticks_us_ = 0;
};

class MaildropsTest : public ::testing::Test {
 protected:
  void SetUp() override { start({.session_messages_max = 1, .offers_max = 3}); }

  void start(OfferRules rules, std::chrono::seconds displace_after = 600s) {
    maildrops_.reset();
    if (store_) store_->stop();
    store_.reset();
    auto opened = store::Store::open({.path = folder(), .prepare_octets = 0, .commit_wait_us = 0}, disk_,
                                     clock_, ids_, alarms_.listener());
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
    maildrops_ =
        std::make_unique<Maildrops>(MaildropOptions{.offers = rules, .displace_after = displace_after},
                                    *store_, clock_, alarms_.listener());
  }

  // Names the mail by its text.
  void send(const std::string& text) {
    const auto mail = store::new_mail(clock_, ids_, store::mail_text(text));
    auto append = store::to_append(*store_, clock_, mail);
    ASSERT_TRUE(append);
    ASSERT_TRUE(store::push(*store_, std::move(*append)).get());
    names_[mail.uids[0].uuid.text()] = text;
  }

  OpenedMaildrop open() {
    return maildrops_->open("foi", [this] { ++sent_away_; });
  }
  std::vector<std::string> names(const OpenedMaildrop& opened) {
    std::vector<std::string> found;
    for (const auto& row : opened.rows)
      found.push_back(names_.at(row.uid.uuid.text()));
    return found;
  }
  std::vector<std::string> listed() {
    const auto opened = open();
    EXPECT_FALSE(opened.refusal) << opened.trouble;
    return names(opened);
  }

  enum class Poll { takes, stumbles, skips, drops };
  // One session, and what it did to all that it was offered.
  std::vector<std::string> poll(Poll how) {
    auto opened = open();
    EXPECT_FALSE(opened.refusal) << opened.trouble;
    SessionEnd end;
    end.quit = how != Poll::drops;
    end.uids_told = true;
    end.retrieved.assign(opened.rows.size(), how != Poll::skips);
    for (std::size_t number = 1; how == Poll::takes && number <= opened.rows.size(); ++number)
      end.deleted.push_back(number);
    auto facts = maildrops_->conclude("foi", opened.rows, end, "127.0.0.1:1");
    EXPECT_TRUE(store::append_and_wait(*store_, std::move(facts)));
    return names(opened);
  }

  // In the archive, behind the gateway's back.
  void damage(const std::vector<std::string>& texts) {
    store_->stop();
    const auto file = store::volume_file(folder(), 1);
    auto octets = disk_.content(file).value();
    for (const auto& text : texts)
      octets.at(octets.find("\r\n\r\n" + text) + 4) = '#';
    disk_.put(file, std::move(octets), true);
    start({.session_messages_max = 1});
  }
  void fail_next_read() { disk_.inject({.what = "read"}); }

  [[nodiscard]] std::filesystem::path folder() const { return temporary_.path() / "store"; }

  store::TempFolder temporary_;
  store::ForgetfulDisk disk_{temporary_.path()};
  MovedClock clock_;
  store::CountingIds ids_;
  store::Alarms alarms_;
  std::map<std::string, std::string> names_;
  int sent_away_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Maildrops> maildrops_;  // last: its sessions use all the others
};

// --- How many, and which first ---------------------------------------------------------------------------

TEST_F(MaildropsTest, ASessionIsOfferedNoMoreThanTheCap) {
  for (const auto* text : {"one", "two", "three"})
    send(text);
  EXPECT_THAT(listed(), ElementsAre("one"));
  start({.session_messages_max = 2});
  EXPECT_THAT(listed(), ElementsAre("one", "two"));
  start({.session_messages_max = 0});
  EXPECT_THAT(listed(), ElementsAre("one", "two", "three"));
}

TEST_F(MaildropsTest, WhatIsListedUnderACapIsReadyToBeServed) {
  send("one");
  EXPECT_EQ(open().ready.size(), 1u);
  start({.session_messages_max = 0});
  EXPECT_THAT(open().ready, IsEmpty()) << "a hundred thousand are not read at login";
}

TEST_F(MaildropsTest, EachPollTakesTheNext) {
  send("one");
  send("two");
  EXPECT_THAT(poll(Poll::takes), ElementsAre("one"));
  EXPECT_THAT(poll(Poll::takes), ElementsAre("two"));
  EXPECT_THAT(poll(Poll::takes), IsEmpty());
}

TEST_F(MaildropsTest, WhatMadeItStumbleComesBackAfter31Minutes) {
  send("awkward");
  send("next");
  EXPECT_THAT(poll(Poll::stumbles), ElementsAre("awkward"));
  EXPECT_THAT(poll(Poll::takes), ElementsAre("next")) << "at once";
  EXPECT_THAT(listed(), IsEmpty());
  clock_.pass(31min - 1s);
  EXPECT_THAT(listed(), IsEmpty());
  clock_.pass(2s);
  EXPECT_THAT(listed(), ElementsAre("awkward"));
  send("new");
  EXPECT_THAT(listed(), ElementsAre("new")) << "what was never offered comes first";
}

TEST_F(MaildropsTest, WhatItSkipsWaitsAsLong) {
  send("given up");
  EXPECT_THAT(poll(Poll::skips), ElementsAre("given up"));
  EXPECT_THAT(listed(), IsEmpty());
  clock_.pass(32min);
  EXPECT_THAT(listed(), ElementsAre("given up"));
}

TEST_F(MaildropsTest, AfterADroppedSessionItComesBackAtOnceAndBehindTheNew) {
  send("heavy");
  EXPECT_THAT(poll(Poll::drops), ElementsAre("heavy"));
  EXPECT_THAT(listed(), ElementsAre("heavy"));
  send("new");
  EXPECT_THAT(poll(Poll::takes), ElementsAre("new"));
  EXPECT_THAT(poll(Poll::takes), ElementsAre("heavy"));
}

TEST_F(MaildropsTest, OffersOutliveARestart) {
  send("heavy");
  poll(Poll::drops);
  send("new");
  start({.session_messages_max = 1});
  EXPECT_THAT(listed(), ElementsAre("new"));
}

// --- Stuck -----------------------------------------------------------------------------------------------

TEST_F(MaildropsTest, OfferedTooOftenWhileOthersAreTakenItIsStuck) {
  send("poison");
  for (int offer = 1; offer < 3; ++offer) {
    EXPECT_THAT(poll(Poll::drops), ElementsAre("poison"));
    send("fine");
    EXPECT_THAT(poll(Poll::takes), ElementsAre("fine"));
    EXPECT_THAT(alarms_.heard(), IsEmpty());
  }
  EXPECT_THAT(poll(Poll::drops), ElementsAre("poison"));
  EXPECT_THAT(alarms_.heard(), ElementsAre(HasSubstr("delivery.stuck: uid ")));
  EXPECT_THAT(listed(), IsEmpty());
}

TEST_F(MaildropsTest, WhileNothingIsTakenNothingIsStuck) {
  send("one");
  for (int offer = 0; offer < 20; ++offer)
    EXPECT_THAT(poll(Poll::drops), ElementsAre("one"));
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

// --- Who is let in ---------------------------------------------------------------------------------------

TEST_F(MaildropsTest, OneSessionAtATime) {
  send("one");
  auto first = open();
  EXPECT_EQ(open().refusal, LoginRefusal::in_use);
  EXPECT_EQ(sent_away_, 0);
  first.lock.reset();
  EXPECT_THAT(listed(), ElementsAre("one"));
}

TEST_F(MaildropsTest, ASilentSessionIsDisplaced) {
  start({.session_messages_max = 1}, 0s);
  auto first = open();
  EXPECT_EQ(open().refusal, LoginRefusal::in_use);
  EXPECT_EQ(open().refusal, LoginRefusal::in_use);
  EXPECT_EQ(sent_away_, 1);
  first.lock.reset();
  EXPECT_FALSE(open().refusal);
}

// --- What cannot be read ---------------------------------------------------------------------------------

TEST_F(MaildropsTest, ADamagedOneIsLeftOutWithAnAlarm) {
  for (const auto* text : {"damaged one", "damaged two", "whole"})
    send(text);
  damage({"damaged one", "damaged two"});
  EXPECT_THAT(listed(), ElementsAre("whole"));
  EXPECT_THAT(alarms_.heard(), ElementsAre(HasSubstr("delivery.damaged: "), HasSubstr("delivery.damaged: ")));
  EXPECT_THAT(listed(), ElementsAre("whole"));
  EXPECT_EQ(alarms_.heard().size(), 2u) << "said once";
}

TEST_F(MaildropsTest, ADiskThatFailsOnceCostsALoginAndNoMessage) {
  send("one");
  fail_next_read();
  const auto opened = open();
  EXPECT_EQ(opened.refusal, LoginRefusal::temporary);
  EXPECT_THAT(opened.trouble, HasSubstr("injected into read"));
  EXPECT_THAT(listed(), ElementsAre("one"));
  EXPECT_THAT(alarms_.heard(), Not(Contains(HasSubstr("delivery.damaged"))));
}

TEST_F(MaildropsTest, ADiskThatFailsAgainCostsTheMessageItsPlace) {
  send("unreadable");
  send("next");
  fail_next_read();
  EXPECT_EQ(open().refusal, LoginRefusal::temporary);
  fail_next_read();
  EXPECT_THAT(listed(), ElementsAre("next"));
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("delivery.damaged")));
}

// A bad moment a month ago says nothing of today.
TEST_F(MaildropsTest, WhatWasServedWholeSinceIsForgiven) {
  send("one");
  fail_next_read();
  EXPECT_EQ(open().refusal, LoginRefusal::temporary);
  EXPECT_THAT(poll(Poll::stumbles), ElementsAre("one"));
  clock_.pass(32min);
  fail_next_read();
  EXPECT_EQ(open().refusal, LoginRefusal::temporary);
  EXPECT_THAT(listed(), ElementsAre("one"));
}

// --- What is recorded ------------------------------------------------------------------------------------

TEST_F(MaildropsTest, OnAFullDiskHandOversAloneAreRecorded) {
  start({.session_messages_max = 2});
  send("taken");
  send("stumbled over");
  auto opened = open();
  disk_.set_room(0);
  clock_.pass(2s);  // that there is plenty is remembered for a second
  SessionEnd end;
  end.quit = end.uids_told = true;
  end.retrieved = {true, true};
  end.deleted = {1};
  const auto facts = maildrops_->conclude("foi", opened.rows, end, "127.0.0.1:1");
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<store::HandedOver>(facts[0]));
  EXPECT_EQ(std::get<store::HandedOver>(facts[0]).by, "pop3 127.0.0.1:1");
}

}  // namespace
}  // namespace guichet::popd
