// Which message is tried when, and what becomes of it: over a real store, with a driver that answers as it is
// told and a clock that the test moves.
#include "handover/feed.h"

#include <gmock/gmock.h>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::handover {
namespace {

using namespace std::chrono_literals;
using store::DeliveryState;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Outcome::Kind;

// Shared with the test, which outlives it.
struct Script {
  std::map<std::string, Outcome> outcomes;  // by recipient, which names the message; taken, if it is not here
  bool nobody_there = false;
  std::vector<std::string> tried;
  std::map<std::string, std::string> octets;  // of the last attempt
  std::vector<Item> items;
};

class ToldDriver final : public Driver {
 public:
  explicit ToldDriver(Script& script) : script_(script) {}
  store::Way way() const override { return store::Way::smtp; }
  std::string target() const override { return "told"; }
  Outcome hand_over(const Item& item, store::ServedMessage& octets, const std::stop_token&) override {
    script_.tried.push_back(item.recipient);
    script_.items.push_back(item);
    auto& got = script_.octets[item.recipient] = "";
    for (auto piece = octets.next(); piece && !piece->empty(); piece = octets.next())
      got += *piece;
    if (script_.nobody_there) return {Kind::unreachable, "nobody is there"};
    const auto told = script_.outcomes.find(item.recipient);
    return told == script_.outcomes.end() ? Outcome{} : told->second;
  }

 private:
  Script& script_;
};

class FeedTest : public ::testing::Test {
 protected:
  void SetUp() override { start(); }

  void start(unsigned offers_max = 100) {
    feed_.reset();
    if (store_) store_->stop();
    store_.reset();
    auto opened =
        store::Store::open({.path = temporary_.path() / "store", .prepare_octets = 0, .commit_wait_us = 0},
                           disk_, clock_, ids_, alarms_.listener());
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
    feed_ = std::make_unique<Feed>(FeedOptions{.maildrop = "people", .offers_max = offers_max},
                                   std::make_unique<ToldDriver>(script_), *store_, clock_,
                                   Say{.alarm = alarms_.listener(), .news = news_.listener()},
                                   FeedSeams{.now = [this] { return now_; }, .chance = [] { return 0.0; }});
  }

  void send(const std::string& name, const std::string& envelope = "{}") {
    auto mail = store::new_mail(clock_, ids_, store::mail_text(name), {"people"});
    mail.recipients[0].address = name;
    auto append = store::to_append(*store_, clock_, mail);
    ASSERT_TRUE(append);
    std::get<store::Received>(append->facts[0]).envelope = envelope;
    ASSERT_TRUE(store::push(*store_, std::move(*append)).get());
    mails_[name] = mail;
  }

  // What was tried in this round.
  std::vector<std::string> round() {
    script_.tried.clear();
    (void)feed_->round({});
    return script_.tried;
  }
  DeliveryState state(const std::string& name) {
    EXPECT_TRUE(store_->wait_for_index());
    return store_->deliveries(mails_.at(name).message).value().at(0).state;
  }

  store::TempFolder temporary_;
  store::ForgetfulDisk disk_{temporary_.path()};
  store::SteadyClock clock_;
  store::CountingIds ids_;
  store::Alarms alarms_, news_;
  Script script_;
  std::map<std::string, store::Mail> mails_;
  Schedule::Time now_{1h};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Feed> feed_;
};

TEST_F(FeedTest, OldestFirstEachOnceAndRecorded) {
  send("one");
  send("two");
  EXPECT_THAT(round(), ElementsAre("one", "two"));
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(state("one"), DeliveryState::handed_over);
  EXPECT_THAT(script_.octets["one"], HasSubstr("Return-Path: <clerk@council.example>\r\n"));
  EXPECT_THAT(script_.octets["one"], HasSubstr(store::mail_text("one")));
}

TEST_F(FeedTest, TheEnvelopeIsPassedOnAsItCame) {
  send("plain", R"({"mail_from":"a@b.example"})");
  send("utf8", R"({"mail_from":"jé@b.example","smtputf8":true})");
  send("latin", R"({"mail_from":"j�@b.example","mail_from_hex":"6ae940622e6578616d706c65"})");
  round();
  ASSERT_EQ(script_.items.size(), 3u);
  EXPECT_EQ(script_.items[0].mail_from, "a@b.example");
  EXPECT_FALSE(script_.items[0].utf8_declared);
  EXPECT_EQ(script_.items[1].mail_from, "jé@b.example");
  EXPECT_TRUE(script_.items[1].utf8_declared);
  EXPECT_EQ(script_.items[2].mail_from, "j\xe9@b.example");
}

TEST_F(FeedTest, OneThatIsRefusedForNowWaitsAndTheOthersGoOn) {
  send("refused");
  script_.outcomes["refused"] = {Kind::refused_for_now, "451 later"};
  EXPECT_THAT(round(), ElementsAre("refused"));
  EXPECT_EQ(state("refused"), DeliveryState::offered);
  send("new");
  EXPECT_THAT(round(), ElementsAre("new"));
  now_ += 29s;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(feed_->next(1h), now_ + 1s);
  now_ += 1s;
  script_.outcomes.clear();
  EXPECT_THAT(round(), ElementsAre("refused"));
  EXPECT_EQ(state("refused"), DeliveryState::handed_over);
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

TEST_F(FeedTest, OneThatIsRefusedForGoodIsStuck) {
  send("refused");
  script_.outcomes["refused"] = {Kind::refused_for_good, "550 nobody of that name"};
  EXPECT_THAT(round(), ElementsAre("refused"));
  EXPECT_EQ(state("refused"), DeliveryState::stuck);
  EXPECT_THAT(alarms_.heard(), ElementsAre(HasSubstr("550 nobody of that name")));
  now_ += 24h;
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(FeedTest, RefusedTooOftenWhileOthersAreTakenItIsStuck) {
  start(3);
  send("refused");
  script_.outcomes["refused"] = {Kind::refused_for_now, "451 later"};
  for (int attempt = 0; attempt < 5; ++attempt, now_ += 1h)
    EXPECT_THAT(round(), ElementsAre("refused")) << "while nothing is taken nothing is stuck";
  send("new");
  EXPECT_THAT(round(), ElementsAre("new", "refused"));
  EXPECT_EQ(state("refused"), DeliveryState::stuck);
}

// The messages that come are more than a round takes, always.
TEST_F(FeedTest, SteadyArrivalsDoNotKeepBackWhatWasRefused) {
  int sent = 0;
  const auto send_many = [&] {
    for (int i = 0; i < 70; ++i)
      send("new " + std::to_string(sent++));
  };
  send("refused");
  script_.outcomes["refused"] = {Kind::refused_for_now, "451 later"};
  EXPECT_THAT(round(), ElementsAre("refused"));
  script_.outcomes.clear();
  send_many();
  EXPECT_EQ(round().size(), 64u) << "it is not due";
  send_many();
  now_ += 30s;
  const auto tried = round();
  EXPECT_EQ(tried.size(), 65u);
  EXPECT_THAT(tried, Contains("refused"));
}

// Nor the other way round.
TEST_F(FeedTest, ManyThatAreRefusedDoNotKeepBackWhatIsNew) {
  for (int i = 0; i < 200; ++i) {
    const auto name = "refused " + std::to_string(i);
    send(name);
    script_.outcomes[name] = {Kind::refused_for_now, "451 later"};
  }
  std::size_t tried = 0;
  while (const auto some = round().size())
    tried += some;
  EXPECT_EQ(tried, 200u);
  now_ += 31s;
  send("new");
  EXPECT_EQ(round().front(), "new");
  tried = 0;
  while (const auto some = round().size())
    tried += some;
  EXPECT_EQ(tried, 136u) << "each of them, once";
}

TEST_F(FeedTest, WhileNobodyIsThereOneIsTriedAtATimeEachTimeTheNext) {
  for (const auto* name : {"one", "two", "three"})
    send(name);
  script_.nobody_there = true;
  EXPECT_THAT(round(), ElementsAre("one"));
  EXPECT_THAT(round(), IsEmpty());
  now_ += 1s;
  EXPECT_THAT(round(), ElementsAre("two"));
  now_ += 2s;
  EXPECT_THAT(round(), ElementsAre("three"));
  EXPECT_EQ(state("one"), DeliveryState::waiting) << "no message is to blame";
  EXPECT_THAT(alarms_.heard(), ElementsAre(HasSubstr("handover.unreachable: told: nobody is there")));
  script_.nobody_there = false;
  now_ += 4s;
  EXPECT_THAT(round(), ElementsAre("one", "two", "three"));
  EXPECT_THAT(news_.heard(), ElementsAre("told can be reached again"));
}

TEST_F(FeedTest, WhatIsDamagedIsStuckAndTheOthersGoOn) {
  send("damaged");
  send("whole");
  store_->stop();
  const auto volume = store::volume_file(temporary_.path() / "store", 1);
  auto octets = disk_.content(volume).value();
  octets.at(octets.find("\r\n\r\ndamaged") + 4) = '#';
  disk_.put(volume, std::move(octets), true);
  start();
  EXPECT_THAT(round(), ElementsAre("whole"));
  EXPECT_EQ(state("damaged"), DeliveryState::stuck);
  EXPECT_THAT(alarms_.heard(), ElementsAre(HasSubstr("not readable")));
}

TEST_F(FeedTest, WhatCannotBeRecordedIsTriedAgainAndNothingIsLost) {
  constexpr std::uint64_t not_written = 1;
  send("one");
  disk_.inject({.seed = not_written, .what = "write_durably"});
  EXPECT_THAT(round(), ElementsAre("one"));
  EXPECT_EQ(state("one"), DeliveryState::waiting);
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("cannot be recorded")));
  now_ += 2s;
  start();
  EXPECT_THAT(round(), ElementsAre("one")) << "at least once";
  EXPECT_EQ(state("one"), DeliveryState::handed_over);
}

TEST_F(FeedTest, ARecordThatTheNextStartFindsCountsAlthoughItsSyncFailed) {
  constexpr std::uint64_t written_and_not_synced = 0;
  send("one");
  disk_.inject({.seed = written_and_not_synced, .what = "write_durably"});
  EXPECT_THAT(round(), ElementsAre("one"));
  EXPECT_EQ(state("one"), DeliveryState::waiting);
  now_ += 2s;
  start();
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(state("one"), DeliveryState::handed_over);
}

}  // namespace
}  // namespace guichet::handover
