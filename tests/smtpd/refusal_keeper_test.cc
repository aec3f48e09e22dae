// What is kept of refusals: the record, and the thread that writes it.
#include "smtpd/refusal_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::smtpd {
namespace {

using Json = nlohmann::json;
using store::ErrorKind;

RefusalRecord record_of(const std::string& client, const std::string& recipient) {
  return {.at = {1'780'000'000'000'000},
          .host = "mx.example.test",
          .client = {.address = client, .port = 40000},
          .session = {.session = "01a204e4-a1f2-72cd-b111-61e830b2ecee",
                      .client = client,
                      .helo = "town.example",
                      .protocol = "ESMTP",
                      .tls_version = {},
                      .tls_cipher = {},
                      .mail_from = {}},
          .refused = {.reply = {550, "5.1.1", "no such recipient", Refusal::unknown_recipient},
                      .stage = Stage::recipient,
                      .said = "RCPT TO:<" + recipient + ">",
                      .mail_from = "a@town.example",
                      .recipients = {recipient}}};
}

TEST(RefusalRecord, HasEverythingThatWasSaid) {
  auto record = record_of("192.0.2.1", "who@example.test");
  record.recipient_class = "UNKNOWN";
  const auto json = Json::parse(encode_refusal(record));
  EXPECT_EQ(json["at"], "2026-05-28T20:26:40.000000Z");
  EXPECT_EQ(json["host"], "mx.example.test");
  EXPECT_EQ(json["reply"], "550 5.1.1 no such recipient");
  EXPECT_EQ(json["reason"], "unknown_recipient");
  EXPECT_EQ(json["stage"], "rcpt");
  EXPECT_EQ(json["recipient_class"], "UNKNOWN");
  EXPECT_EQ(json["recipients"], Json::array({"who@example.test"}));
  EXPECT_FALSE(json.contains("tls_version"));
}

TEST(RefusalRecord, NoSenderIsNullAndTheNullSenderIsEmpty) {
  auto record = record_of("192.0.2.1", "x");
  record.refused.mail_from = std::nullopt;
  EXPECT_TRUE(Json::parse(encode_refusal(record))["mail_from"].is_null());
  record.refused.mail_from = "";
  EXPECT_EQ(Json::parse(encode_refusal(record))["mail_from"], "");
}

TEST(RefusalRecord, IsSmallAndIsTextWhateverWasSent) {
  auto record = record_of("192.0.2.1", std::string(1'000'000, '\xff'));
  record.session.helo = std::string("\r\n\x1b[2J\0%n%s{}", 12);
  record.refused.recipients.resize(1000, std::string(4000, '"'));
  const auto text = encode_refusal(record);
  EXPECT_LT(text.size(), 60'000u);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
  const auto json = Json::parse(text);
  EXPECT_EQ(json["helo"], record.session.helo);
  EXPECT_EQ(json["recipients_more"], 980);
  EXPECT_TRUE(json["said_hex"].get<std::string>().ends_with("ffff"));
}

using Added = RefusalKeeper::Added;

class KeeperTest : public testing::Test {
 protected:
  RefusalOptions options() {
    return {.store = "/store",
            .limits = {.per_client_per_minute_max = 1000, .per_minute_max = 1000},
            .octets_per_day_max = 1 << 20,
            .keep_days = 30,
            .has_room = [this] { return room_.load(); },
            .may_delete_old = [] { return true; },
            .alarm = [this](const std::string&) { ++alarms_; }};
  }
  std::vector<Json> kept() {
    std::vector<Json> all;
    const auto volumes = store::refusal_volumes(disk_, "/store").value();
    for (const auto& volume : volumes)
      EXPECT_TRUE(store::read_refusals(disk_, volume, [&](const store::ScannedRecord& record) {
        all.push_back(Json::parse(record.block));
        return store::Result<void>();
      }));
    return all;
  }

  store::ForgetfulDisk disk_{"/store"};
  store::SteadyClock clock_;
  store::CountingIds ids_;
  std::atomic<bool> room_ = true;
  std::atomic<int> alarms_ = 0;
};

TEST_F(KeeperTest, HasWrittenAllWhenAFlushReturns) {
  RefusalKeeper keeper(disk_, clock_, ids_, options());
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(keeper.add(record_of("192.0.2.1", std::to_string(i) + "@example.test")), Added::kept);
  keeper.flush();
  EXPECT_EQ(kept().size(), 10u);
  keeper.flush();
  EXPECT_EQ(kept().size(), 10u);
}

TEST_F(KeeperTest, HasWrittenAllWhenItEnds) {
  auto limited = options();
  limited.limits.per_client_per_minute_max = 2;
  {
    RefusalKeeper keeper(disk_, clock_, ids_, limited);
    for (int i = 0; i < 5; ++i)
      keeper.add(record_of("192.0.2.1", "x@example.test"));
  }
  const auto all = kept();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.back()["left_out"], 3);
}

TEST_F(KeeperTest, KeepsNothingWhereNothingIsToBeKept) {
  auto none = options();
  none.keep_days = 0;
  RefusalKeeper keeper(disk_, clock_, ids_, none);
  EXPECT_EQ(keeper.add(record_of("192.0.2.1", "x@example.test")), Added::not_wanted);
  keeper.flush();
  EXPECT_TRUE(kept().empty());
}

TEST_F(KeeperTest, AFloodFillsNoMoreThanADayMay) {
  auto small = options();
  small.octets_per_day_max = 64 << 10;
  small.limits = {.per_client_per_minute_max = 100'000, .per_minute_max = 100'000};
  {
    RefusalKeeper keeper(disk_, clock_, ids_, small);
    for (int i = 0; i < 1000; ++i)
      keeper.add(record_of("192.0.2.1", "x@example.test"));
    keeper.flush();
  }
  const auto first = store::refusal_octets(disk_, "/store", clock_.now());
  EXPECT_GT(first, 32u << 10);
  EXPECT_LT(first, 80u << 10);
  {
    RefusalKeeper again(disk_, clock_, ids_, small);  // a restart gives it nothing more
    for (int i = 0; i < 1000; ++i)
      again.add(record_of("192.0.2.1", "x@example.test"));
  }
  EXPECT_LT(store::refusal_octets(disk_, "/store", clock_.now()), 80u << 10);
}

TEST_F(KeeperTest, WithoutRoomItAlarmsOnceAndGoesOnWhenThereIs) {
  {
    RefusalKeeper keeper(disk_, clock_, ids_, options());
    room_ = false;
    for (int i = 0; i < 3; ++i) {
      keeper.add(record_of("192.0.2.1", "x@example.test"));
      keeper.flush();
    }
    EXPECT_EQ(alarms_, 1);
    EXPECT_TRUE(kept().empty());
    room_ = true;
    keeper.add(record_of("192.0.2.1", "y@example.test"));
  }
  const auto all = kept();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all.front()["recipients"][0], "y@example.test");
  EXPECT_EQ(all.back()["left_out"], 3);
}

TEST_F(KeeperTest, ADiskThatFailsOnceTakesOneSecondOfThemAtMost) {
  RefusalKeeper keeper(disk_, clock_, ids_, options());
  keeper.add(record_of("192.0.2.1", "a@example.test"));
  keeper.flush();
  disk_.inject({.call = disk_.calls(), .kind = ErrorKind::io, .seed = 0, .what = {}});
  keeper.add(record_of("192.0.2.1", "b@example.test"));
  keeper.flush();
  EXPECT_EQ(alarms_, 1);
  keeper.add(record_of("192.0.2.1", "c@example.test"));
  keeper.flush();
  EXPECT_EQ(kept().back()["recipients"][0], "c@example.test");
}

TEST_F(KeeperTest, TakesThemFromManyThreads) {
  RefusalKeeper keeper(disk_, clock_, ids_, options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&keeper, t] {
      for (int i = 0; i < 50; ++i) {
        keeper.add(record_of("192.0.2." + std::to_string(t), "x@example.test"));
        if (i % 25 == 0) keeper.flush();
      }
    });
  for (auto& thread : threads)
    thread.join();
  keeper.flush();
  EXPECT_EQ(kept().size(), 200u);
}

}  // namespace
}  // namespace guichet::smtpd
