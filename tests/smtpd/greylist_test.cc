#include "smtpd/greylist.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace guichet::smtpd::test {
namespace {

struct FakeClock : store::Clock {
  std::int64_t now_s = 1'000'000'000;
  store::Instant now() override { return {now_s * 1'000'000}; }
};

class GreylistTest : public testing::Test {
 protected:
  GreylistTest() {
    std::string folder = std::filesystem::temp_directory_path() / "guichet-greylist-XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~GreylistTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "greylist.sqlite"; }

  [[nodiscard]] std::unique_ptr<Greylist> open(std::int64_t rows_max = 1000) {
    return std::make_unique<Greylist>(GreylistOptions{.file = file(), .rows_max = rows_max}, clock_, alarm());
  }
  [[nodiscard]] std::unique_ptr<Greylist> open_learner() {
    return std::make_unique<Greylist>(GreylistOptions{.file = file(), .learns = true}, clock_, alarm());
  }
  [[nodiscard]] store::Alarm alarm() {
    return [this](const std::string& text) { alarms_.push_back(text); };
  }

  std::filesystem::path folder_;
  FakeClock clock_;
  std::vector<std::string> alarms_;
};

const Greylist::Key key{"192.0.2.1", "a@b.example", "foi@example.test"};

TEST_F(GreylistTest, LetsInWhoComesBackInTime) {
  const auto greylist = open();
  EXPECT_EQ(greylist->ask(key), Greylisting::first);
  clock_.now_s += 299;
  EXPECT_EQ(greylist->ask(key), Greylisting::too_soon);
  clock_.now_s += 1;
  EXPECT_EQ(greylist->ask(key), Greylisting::waited);
  clock_.now_s += 48 * 3600;
  EXPECT_EQ(greylist->ask(key), Greylisting::first) << "too late";
  EXPECT_TRUE(alarms_.empty());
}

TEST_F(GreylistTest, KnowsATryByItsThreeParts) {
  const auto greylist = open();
  EXPECT_EQ(greylist->ask(key), Greylisting::first);
  clock_.now_s += 600;
  EXPECT_EQ(greylist->ask({"192.0.3.1", key.sender, key.recipient}), Greylisting::first);
  EXPECT_EQ(greylist->ask({key.client, "c@b.example", key.recipient}), Greylisting::first);
  EXPECT_EQ(greylist->ask({key.client, key.sender, "foi@other.test"}), Greylisting::first);
  EXPECT_EQ(greylist->ask({"192.0.2.99", "A@B.example", "FOI@example.test"}), Greylisting::waited)
      << "another server of the same sender";
}

TEST_F(GreylistTest, NeverTouchesWhoDeliveredBefore) {
  const auto greylist = open();
  greylist->delivered("192.0.2.200", "clerk@town.example");
  EXPECT_EQ(greylist->ask({"192.0.2.1", "new@town.example", "foi@example.test"}), Greylisting::known);
  EXPECT_EQ(greylist->ask({"198.51.100.1", "Clerk@Town.Example", "foi@example.test"}), Greylisting::known);
  EXPECT_EQ(greylist->ask({"198.51.100.1", "x@town.example", "foi@example.test"}), Greylisting::first);
  EXPECT_TRUE(greylist->delivered_before("192.0.2.1"));
  EXPECT_FALSE(greylist->delivered_before("198.51.100.1"));
  clock_.now_s += std::int64_t{9} * 365 * 86'400;
  EXPECT_EQ(greylist->ask({"192.0.2.1", "new@town.example", "foi@example.test"}), Greylisting::known);
}

// Everybody sends bounces: the null sender of one client says nothing of another.
TEST_F(GreylistTest, DoesNotKnowTheNullSender) {
  const auto greylist = open();
  greylist->delivered("192.0.2.1", "");
  EXPECT_EQ(greylist->ask({"198.51.100.1", "", "foi@example.test"}), Greylisting::first);
}

TEST_F(GreylistTest, OutlivesARestart) {
  EXPECT_EQ(open()->ask(key), Greylisting::first);
  clock_.now_s += 600;
  EXPECT_EQ(open()->ask(key), Greylisting::waited);
}

TEST_F(GreylistTest, LooksWithoutATrace) {
  EXPECT_EQ(open()->look(key), Greylisting::first);
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_EQ(open()->ask(key), Greylisting::first);
  clock_.now_s += 600;
  EXPECT_EQ(open()->look(key), Greylisting::waited);
  EXPECT_EQ(open()->look({"198.51.100.1", "x@y", "z@example.test"}), Greylisting::first);
}

TEST_F(GreylistTest, IsBounded) {
  const auto greylist = open(50);
  for (int i = 0; i < 200; ++i) {
    clock_.now_s += 10;
    EXPECT_EQ(greylist->ask({"192.0.2.1", std::to_string(i) + "@b.example", "foi@example.test"}),
              Greylisting::first);
  }
  clock_.now_s += 300;
  EXPECT_EQ(greylist->ask({"192.0.2.1", "0@b.example", "foi@example.test"}), Greylisting::first)
      << "forgotten";
  EXPECT_EQ(greylist->ask({"192.0.2.1", "199@b.example", "foi@example.test"}), Greylisting::waited);
}

TEST_F(GreylistTest, WhoFloodsItTurnsItOffForAWhile) {
  const auto greylist = open(50);
  EXPECT_EQ(greylist->ask(key), Greylisting::first);
  for (int i = 0; i < 200; ++i)
    (void)greylist->ask({"198.51.100.1", std::to_string(i) + "@b.example", "foi@example.test"});
  clock_.now_s += 299;
  EXPECT_EQ(greylist->ask(key), Greylisting::unavailable) << "it was pushed out before its delay was over";
  clock_.now_s += 600;
  EXPECT_EQ(greylist->ask({"192.0.2.1", "new@b.example", "foi@example.test"}), Greylisting::first);
}

TEST_F(GreylistTest, LetsEverybodyInUntilItHasLearnt) {
  auto greylist = open_learner();
  EXPECT_EQ(greylist->ask(key), Greylisting::unavailable);
  EXPECT_TRUE(greylist->delivered_before("198.51.100.1"));
  const auto since = greylist->learning_since();
  ASSERT_TRUE(since);
  EXPECT_LT(since->unix_us, clock_.now().unix_us - std::int64_t{9} * 365 * 86'400 * 1'000'000);
  greylist->delivered("203.0.113.1", "clerk@town.example", store::Instant{1'000'000});
  greylist->learnt();
  EXPECT_FALSE(greylist->learning_since());
  EXPECT_EQ(greylist->ask({"192.0.2.1", "other@b.example", "foi@example.test"}), Greylisting::first);
  clock_.now_s += 10 * 86'400;
  greylist = open_learner();
  EXPECT_EQ(greylist->learning_since()->unix_us, (clock_.now_s - 11 * 86'400) * 1'000'000) << "from then on";
}

TEST_F(GreylistTest, LearnsAgainWhenItIsDamaged) {
  {
    const auto greylist = open_learner();
    (void)greylist->learning_since();
    greylist->learnt();
  }
  for (const auto* end : {"-wal", "-shm"})
    std::filesystem::remove(file().string() + end);
  std::ofstream(file()) << std::string(8192, 'x');
  const auto greylist = open_learner();
  EXPECT_EQ(greylist->ask(key), Greylisting::unavailable);
  EXPECT_LT(greylist->learning_since()->unix_us, (clock_.now_s - 86'400 * 365) * 1'000'000) << "all of it";
}

TEST_F(GreylistTest, KeepsWhatALaterReleaseHasWritten) {
  {
    const auto database = store::sqlite::Database::open_write(file());
    ASSERT_TRUE((*database)->run("CREATE TABLE later (x INTEGER); PRAGMA user_version = 99"));
  }
  EXPECT_EQ(open()->ask(key), Greylisting::unavailable);
  const auto database = store::sqlite::Database::open_read(file());
  EXPECT_TRUE(store::sqlite::Statement(**database, "SELECT x FROM later").first([](auto& row) {
    return row.integer();
  }));
}

TEST_F(GreylistTest, BeginsAnewWhenItIsDamaged) {
  std::ofstream(file()) << std::string(8192, 'x');
  const auto greylist = open();
  EXPECT_EQ(greylist->ask(key), Greylisting::first);
  clock_.now_s += 600;
  EXPECT_EQ(greylist->ask(key), Greylisting::waited);
}

TEST_F(GreylistTest, LetsEverybodyInWhenThereIsNoDatabase) {
  std::filesystem::create_directories(file() / "in-the-way");
  const auto greylist = open();
  EXPECT_EQ(greylist->ask(key), Greylisting::unavailable);
  EXPECT_EQ(greylist->ask(key), Greylisting::unavailable);
  greylist->delivered("192.0.2.1", "a@b.example");
  EXPECT_TRUE(greylist->delivered_before("192.0.2.1")) << "nobody can say that it did not";
  ASSERT_EQ(alarms_.size(), 1u) << "once, not for each client";
  std::filesystem::remove_all(file());
  clock_.now_s += 60;
  EXPECT_EQ(greylist->ask(key), Greylisting::first) << "tried again";
}

}  // namespace
}  // namespace guichet::smtpd::test
