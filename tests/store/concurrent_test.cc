// Many threads at one store, on a real disk: what is acknowledged is there, once, and whole, before and after
// a restart.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/store.h"
#include "store/verify.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

class ConcurrentTest : public ::testing::Test {
 protected:
  static constexpr int senders = 8;
  static constexpr int mails_each = 60;

  std::unique_ptr<Store> open() {
    StoreOptions options;
    options.path = home_.path() / "store";
    options.volume_octets_max = 400'000;  // several volumes in the course of the test
    options.prepare_octets = 64 * 1024;
    auto opened = Store::open(options, *disk_, *clock_, *ids_, alarms_.listener());
    EXPECT_TRUE(opened) << opened.error().text;
    return opened ? std::move(*opened) : nullptr;
  }

  // Half of the mails are sent by everybody alike; every seventh goes through the spool.
  void send(Store& store, int sender) {
    for (int i = 0; i < mails_each; ++i) {
      const auto expectation = store.expect();
      const auto text =
          i % 2 ? "common " + std::to_string(i) : std::to_string(sender) + "/" + std::to_string(i);
      const auto mail =
          new_mail(*clock_, *ids_, mail_text(text + std::string(static_cast<std::size_t>(i) * 150, 'x')));
      auto append = to_append(store, *clock_, mail, i % 7 == 3 ? 100 : 0);
      ASSERT_TRUE(append);
      const auto result = push(store, std::move(*append)).get();
      ASSERT_TRUE(result) << result.error().text;
      const std::lock_guard lock(mutex_);
      taken_[mail.uids[0]] = mail.digest();
    }
  }

  // As a POP3 session: lists, takes a few, says so.
  void collect(Store& store) {
    while (!done_) {
      const auto rows = store.waiting("foi", 5);
      ASSERT_TRUE(rows);
      std::vector<std::pair<MessageId, Uid>> mine;
      {
        const std::lock_guard lock(mutex_);
        for (const auto& row : *rows)
          if (handed_over_.size() < 100 && handed_over_.insert(row.uid).second)
            mine.emplace_back(row.message, row.uid);
      }
      if (mine.empty()) {
        std::this_thread::yield();
        continue;
      }
      const auto result = push(store, hand_over(*clock_, mine)).get();
      ASSERT_TRUE(result);
      const auto left = store.waiting("foi", 0);
      ASSERT_TRUE(left);
      for (const auto& row : *left)
        for (const auto& [message, uid] : mine)
          EXPECT_NE(row.uid, uid);
    }
  }

  void rebuild(Store& store) {
    while (!done_) {
      EXPECT_TRUE(store.rebuild_index());
      EXPECT_TRUE(store.undelivered());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void expect_all(Store& store) {
    const auto rows = store.waiting("foi", 0);
    ASSERT_TRUE(rows);
    std::set<Uid> listed;
    for (const auto& row : *rows) {
      EXPECT_TRUE(listed.insert(row.uid).second);
      const auto message = store.message(row.message);
      ASSERT_TRUE(message && *message);
      EXPECT_EQ((*message)->digest, taken_.at(row.uid));
      const auto place = store.body((*message)->digest);
      ASSERT_TRUE(place && *place);
      EXPECT_TRUE(store.archive().check(**place, (*message)->digest));
    }
    for (const auto& [uid, digest] : taken_)
      EXPECT_NE(listed.contains(uid), handed_over_.contains(uid));
    EXPECT_EQ(listed.size() + handed_over_.size(), taken_.size());
  }

  TempFolder home_;
  std::unique_ptr<Disk> disk_ = real_disk();
  std::unique_ptr<Clock> clock_ = real_clock();
  std::unique_ptr<IdSource> ids_ = random_ids();
  Alarms alarms_;
  std::mutex mutex_;
  std::map<Uid, Digest> taken_;
  std::set<Uid> handed_over_;
  std::atomic<bool> done_ = false;
};

TEST_F(ConcurrentTest, ManySendersTwoCollectorsAndARebuild) {
  auto store = open();
  ASSERT_TRUE(store);
  std::vector<std::thread> threads, others;
  for (int i = 0; i < senders; ++i)
    threads.emplace_back([&, i] { send(*store, i); });
  for (int i = 0; i < 2; ++i)
    others.emplace_back([&] { collect(*store); });
  others.emplace_back([&] { rebuild(*store); });
  for (auto& thread : threads)
    thread.join();
  done_ = true;
  for (auto& thread : others)
    thread.join();

  EXPECT_EQ(taken_.size(), static_cast<std::size_t>(senders * mails_each));
  expect_all(*store);
  store.reset();
  store = open();
  ASSERT_TRUE(store);
  expect_all(*store);
  store->stop();
  const auto report = verify(store->archive(), {});
  ASSERT_TRUE(report);
  for (const auto& finding : report->findings)
    ADD_FAILURE() << finding.where << ": " << finding.what;
  EXPECT_GT(report->volumes, 2u);
  EXPECT_TRUE(alarms_.heard().empty());
}

TEST_F(ConcurrentTest, StopAnswersWhoeverIsWaiting) {
  for (int round = 0; round < 10; ++round) {
    auto store = open();
    ASSERT_TRUE(store);
    std::atomic<int> answered = 0, pushed = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 30; ++n) {
          auto append = to_append(*store, *clock_, new_mail(*clock_, *ids_, mail_text("m")));
          append->done = [&answered](const Result<void>&) { ++answered; };
          ++pushed;
          store->append(std::move(*append));
        }
      });
    threads.emplace_back([&] { (void)store->waiting("foi", 1); });
    threads.emplace_back([&] { store->stop(); });
    store->stop();
    for (auto& thread : threads)
      thread.join();
    EXPECT_EQ(answered, pushed);
    (void)store->waiting("foi", 1);
  }
}

}  // namespace
}  // namespace guichet::store
