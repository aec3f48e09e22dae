// The daily retention as the gateway does it: what goes, what stays, and when it does nothing.
#include "cli/retention.h"

#include <gmock/gmock.h>

#include "store/marks.h"
#include "tests/cli/moved_clock.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::cli {
namespace {

constexpr std::int64_t day_h = 24;

class RetentionDutyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open({.path = home(), .prepare_octets = 0}, disk_, clock_, ids_,
                                     [](const std::string&) {});
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
  }
  std::filesystem::path home() { return temporary_.path() / "store"; }

  // The octets differ, so that no message keeps another one's.
  store::Mail taken(const std::string& text) {
    auto mail = waiting(text);
    EXPECT_TRUE(store::push(*store_, store::hand_over(clock_, {{mail.message, mail.uids[0]}})).get());
    return mail;
  }
  store::Mail waiting(const std::string& text) {
    auto mail = store::new_mail(clock_, ids_, store::mail_text(text));
    auto append = store::to_append(*store_, clock_, mail);
    EXPECT_TRUE(append && store::push(*store_, std::move(*append)).get());
    return mail;
  }
  void hold(const store::Mail& mail) {
    ASSERT_TRUE(store::append_and_wait(*store_, {store::Held{mail.message, clock_.now(), "root", "appeal"}}));
  }
  bool is_erased(const store::Mail& mail) {
    return store_->ask([&](store::IndexReader& index) { return index.is_erased(mail.message); }).value();
  }
  void keep(const std::stop_token& stop = {}) { keep_retention(rules_, *store_, clock_, stop); }

  store::TempFolder temporary_;
  store::ForgetfulDisk disk_{temporary_.path()};
  MovedClock clock_;
  store::CountingIds ids_;
  std::unique_ptr<store::Store> store_;
  const store::RetentionRules rules_{.sites = {{"example.test", 30}}};
};

TEST_F(RetentionDutyTest, WhatIsPastItsTimeGoesAndNothingElse) {
  const auto old = taken("old"), also_old = taken("also old"), held = taken("held"), waits = waiting("waits");
  hold(held);
  clock_.pass(2 * day_h);
  const auto younger = taken("younger");
  keep();
  EXPECT_FALSE(is_erased(old)) << "two days";
  clock_.pass(29 * day_h);
  keep();
  EXPECT_TRUE(is_erased(old));
  EXPECT_TRUE(is_erased(also_old));
  EXPECT_FALSE(is_erased(held));
  EXPECT_FALSE(is_erased(waits)) << "nobody has taken it";
  EXPECT_FALSE(is_erased(younger)) << "29 days";
  clock_.pass(2 * day_h);
  keep();
  EXPECT_TRUE(is_erased(younger));
  EXPECT_FALSE(is_erased(held));
}

// Between the look and the deed somebody may say that it stays.
TEST_F(RetentionDutyTest, AHoldThatComesInBetweenCounts) {
  const auto mail = taken("x"), other = taken("y");
  clock_.pass(31 * day_h);
  const auto found = store::outstayed(*store_, rules_, clock_.now(), 100).value();
  ASSERT_THAT(found, ::testing::ElementsAre(mail.message, other.message));
  hold(mail);
  const auto report = store::expire(*store_, rules_, clock_.now(), found);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_THAT(report->erased, ::testing::ElementsAre(other.message));
  EXPECT_FALSE(is_erased(mail));
}

TEST_F(RetentionDutyTest, ADetachedStoreAndAStopKeepEverything) {
  const auto mail = taken("x");
  clock_.pass(31 * day_h);
  std::stop_source stopped;
  stopped.request_stop();
  keep(stopped.get_token());
  EXPECT_FALSE(is_erased(mail));
  ASSERT_TRUE(store::set_mark(disk_, home(), store::detached_mark, "to look at"));
  keep();
  EXPECT_FALSE(is_erased(mail));
  ASSERT_TRUE(store::clear_mark(disk_, home(), store::detached_mark));
  keep();
  EXPECT_TRUE(is_erased(mail));
}

TEST(RetentionRulesTest, ComeFromTheSettings) {
  conf::Settings settings;
  settings.sites.resize(1);
  settings.sites[0].domain = "example.test";
  settings.sites[0].keep_handed_over_days = 0;
  settings.filters.keep_discarded_days = 0;
  EXPECT_FALSE(anything_expires(retention_rules(settings)));
  settings.sites[0].keep_handed_over_days = 30;
  const auto rules = retention_rules(settings);
  EXPECT_TRUE(anything_expires(rules));
  EXPECT_EQ(rules.sites.at(0).domain, "example.test");
  EXPECT_EQ(rules.sites.at(0).handed_over_days, 30u);
  settings.sites.clear();
  settings.filters.keep_discarded_days = 90;
  EXPECT_EQ(retention_rules(settings).discarded_days, 90u);
  EXPECT_TRUE(anything_expires(retention_rules(settings)));
}

}  // namespace
}  // namespace guichet::cli
