#include "store/read_back.h"

#include <gmock/gmock.h>

#include <string>

#include "store/store.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReadBackTest : public ::testing::Test {
 protected:
  void SetUp() override { start(); }

  void start() {
    store_.reset();
    auto opened = Store::open({.path = home_.path() / "store", .prepare_octets = 0, .read_back = true}, disk_,
                              clock_, ids_, alarms_.listener());
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
  }
  Mail take(const std::string& text) {
    auto mail = new_mail(clock_, ids_, mail_text(text));
    auto append = to_append(*store_, clock_, mail);
    EXPECT_TRUE(append && push(*store_, std::move(*append)).get());
    return mail;
  }
  BodyPlace place_of(const Mail& mail) {
    return store_->ask([&](IndexReader& index) { return index.body(mail.digest()); }).value().value();
  }
  std::vector<News> news_of(const Mail& mail) {
    std::vector<News> news{NewBody{mail.digest(), place_of(mail)}};
    for (auto& fact : facts_of(mail, clock_.now()))
      news.emplace_back(NewFact{{1, news.size()}, std::move(fact)});
    return news;
  }
  void spoil(const BodyPlace& place) {
    auto file = disk_.open_write(volume_file(home_.path() / "store", place.volume));
    ASSERT_TRUE(file);
    std::string octet = "#";
    const iovec piece{octet.data(), 1};
    ASSERT_TRUE((*file)->write_at({&piece, 1}, place.offset + place.size_octets / 2));
  }

  TempFolder home_;
  ForgetfulDisk disk_{home_.path()};
  SteadyClock clock_;
  CountingIds ids_;
  Alarms alarms_;
  std::unique_ptr<Store> store_;
};

TEST_F(ReadBackTest, WhatIsSoundIsListedAndNothingIsSaid) {
  const auto mail = take("sound");
  EXPECT_THAT(store_->waiting("foi", 0).value(), SizeIs(1));
  EXPECT_THAT(unreadable_among(store_->archive(), news_of(mail)), IsEmpty());
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

TEST_F(ReadBackTest, TheDeliveriesOfADamagedBodyAreStuck) {
  const auto sound = take("sound"), damaged = take("damaged");
  auto news = news_of(sound);
  for (auto& item : news_of(damaged))
    news.push_back(std::move(item));
  spoil(place_of(damaged));
  const auto stuck = unreadable_among(store_->archive(), news);
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_EQ(std::get<Stuck>(stuck[0].fact).uid, damaged.uids.front());
  EXPECT_EQ(std::get<Stuck>(stuck[0].fact).message, damaged.message);
}

// What was filed just before a crash was not read back yet.
TEST_F(ReadBackTest, WhatIsCaughtUpAfterACrashIsReadBackToo) {
  const auto known = take("known to the index");
  store_->stop();
  const auto index = home_.path() / "store/index", older = home_.path() / "older";
  std::filesystem::copy(index, older);
  start();
  const auto sound = take("sound"), damaged = take("damaged");
  const auto place = place_of(damaged);
  spoil(place);
  store_->stop();
  std::filesystem::remove_all(index);
  std::filesystem::rename(older, index);  // as if it had never heard of the two
  start();
  EXPECT_THAT(store_->waiting("foi", 0).value(), SizeIs(2));
  EXPECT_EQ(store_->deliveries(damaged.message).value().at(0).state, DeliveryState::stuck);
  EXPECT_THAT(alarms_.heard(), testing::ElementsAre(testing::HasSubstr("delivery.damaged")));
  take("behind the record, in the writer's queue");
  ASSERT_TRUE(store_->rebuild_index());
  EXPECT_EQ(store_->deliveries(damaged.message).value().at(0).state, DeliveryState::stuck)
      << "there is a record of it";
}

}  // namespace
}  // namespace guichet::store
