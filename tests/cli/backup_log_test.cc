// The record of what was sent off-site: the last line that is whole counts.
#include "cli/backup_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/store/workbench.h"

namespace guichet::cli {
namespace {

class BackupLogTest : public ::testing::Test {
 protected:
  BackupLogTest() { std::filesystem::create_directories(folder_.path() / "backup"); }

  static Snapshot snapshot(std::uint64_t number, const std::string& repository = "/srv/r") {
    return {.at = {.unix_us = 1'780'000'000'000'000 + static_cast<std::int64_t>(number)},
            .id = "id" + std::to_string(number),
            .repository = repository,
            .end = {3, number},
            .erasures = {.journal_octets = 7, .done = "7\n"},
            .octets_new = number,
            .seconds = 0.5};
  }
  void append(const std::string& text) {
    std::ofstream(folder_.path() / "backup" / "snapshots.jsonl", std::ios::app) << text;
  }

  store::TempFolder folder_;
  const std::unique_ptr<store::Disk> disk_ = store::real_disk();
  BackupLog log_{*disk_, folder_.path()};
};

TEST_F(BackupLogTest, TheLastCounts) {
  EXPECT_FALSE(log_.last("/srv/r"));
  for (const auto number : {1, 2}) {
    ASSERT_TRUE(log_.add(snapshot(static_cast<std::uint64_t>(number))));
  }
  const auto last = log_.last("/srv/r");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->id, "id2");
  EXPECT_EQ(last->at, snapshot(2).at);
  EXPECT_EQ(last->end, (store::Place{3, 2}));
  EXPECT_EQ(last->erasures, snapshot(2).erasures);
}

TEST_F(BackupLogTest, AnotherRepositoryHasNone) {
  ASSERT_TRUE(log_.add(snapshot(1)));
  EXPECT_FALSE(log_.last("/srv/other"));
  ASSERT_TRUE(log_.add(snapshot(2, "/srv/other")));
  EXPECT_EQ(log_.last("/srv/r")->id, "id1");
}

TEST_F(BackupLogTest, ALineCutShortIsNoSnapshot) {
  ASSERT_TRUE(log_.add(snapshot(1)));
  append("{\"at\":\"2026-11-23T0");
  EXPECT_EQ(log_.last("/srv/r")->id, "id1");
  ASSERT_TRUE(log_.add(snapshot(2)));
  EXPECT_EQ(log_.last("/srv/r")->id, "id2");
  append("{\"at\":1}\n[]\n{}\nnonsense\n");
  EXPECT_EQ(log_.last("/srv/r")->id, "id2");
}

TEST_F(BackupLogTest, ItDoesNotGrowForEver) {
  append(std::string(33 << 20, 'x') + "\n");
  ASSERT_TRUE(log_.add(snapshot(1)));
  EXPECT_LT(std::filesystem::file_size(folder_.path() / "backup" / "snapshots.jsonl"), 17U << 20);
  EXPECT_EQ(log_.last("/srv/r")->id, "id1");
}

TEST_F(BackupLogTest, TheLastAttempt) {
  EXPECT_EQ(log_.attempt().failures, 0U);
  log_.set({.failures = 3, .last_error = "why", .next_try_at = store::Instant{1'780'000'000'000'000}});
  EXPECT_EQ(log_.attempt().failures, 3U);
  EXPECT_EQ(log_.attempt().last_error, "why");
  EXPECT_EQ(log_.attempt().next_try_at, store::Instant{1'780'000'000'000'000});
}

TEST_F(BackupLogTest, ErasuresAreSeen) {
  EXPECT_EQ(log_.erasures(), Erasures());
  std::ofstream(folder_.path() / "erasures.jsonl") << "{}\n";
  EXPECT_EQ(log_.erasures().journal_octets, 3U);
  std::ofstream(folder_.path() / "erasures.done") << "3\n";
  EXPECT_EQ(log_.erasures().done, "3\n");
}

}  // namespace
}  // namespace guichet::cli
