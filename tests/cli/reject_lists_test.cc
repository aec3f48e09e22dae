#include "cli/reject_lists.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t long_ago = 1'600'000'000;
constexpr const char* a = "a@example.test REJECT\n";
constexpr const char* b = "b@example.test REJECT\n";

class Watched : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }

  void write(const std::string& text, std::time_t stamp = long_ago) const {
    std::ofstream(path, std::ios::trunc) << text;
    const timespec times[2] = {{stamp, 0}, {stamp, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  [[nodiscard]] bool lists(const std::string& address) const {
    return file.current()->get()->contains(address);
  }

  const fs::path folder = ::testing::TempDir() + "reject_lists." + std::to_string(::getpid());
  const fs::path path = folder / "recipient-reject";
  std::vector<std::string> alarms, news;
  RejectListFile file{path,
                      {.alarm = [this](const std::string& text) { alarms.push_back(text); },
                       .news = [this](const std::string& text) { news.push_back(text); }}};
  std::time_t now = long_ago + 1000;
};

TEST_F(Watched, AChangedFileIsReadAgain) {
  write(a);
  file.look(now);
  EXPECT_TRUE(lists("a@example.test"));
  write(b, long_ago + 1);
  file.look(now);
  EXPECT_FALSE(lists("a@example.test"));
  EXPECT_TRUE(lists("b@example.test"));
  EXPECT_EQ(news.size(), 2U);
  EXPECT_TRUE(alarms.empty());
}

TEST_F(Watched, AnotherFileUnderTheNameIsReadWhateverItsStamp) {
  write(a);
  file.look(now);
  fs::rename(path, folder / "before");
  write(b);
  file.look(now);
  EXPECT_TRUE(lists("b@example.test"));
}

TEST_F(Watched, AnUnchangedFileIsNotReadAgain) {
  write(a);
  file.look(now);
  write(b);  // nothing that stat() tells has changed
  file.look(now);
  EXPECT_TRUE(lists("a@example.test"));
}

// Twice within the second of a coarse stamp.
TEST_F(Watched, AFileThatWasJustWrittenIsReadOnceMore) {
  write(a, now);
  file.look(now);
  write(b, now);
  file.look(now + 1);
  EXPECT_TRUE(lists("b@example.test"));
  EXPECT_EQ(news.size(), 2U);
  file.look(now + 3);
  file.look(now + 4);
  EXPECT_EQ(news.size(), 2U) << "what is the same is no news";
}

TEST_F(Watched, WhileItIsMissingTheLastOneStaysAndOneAlarmIsRaised) {
  file.look(now);
  file.look(now);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_NE(alarms.front().find("No such file"), std::string::npos) << alarms.front();
  write(a);
  file.look(now);
  EXPECT_TRUE(lists("a@example.test"));
  fs::remove(path);
  file.look(now);
  file.look(now);
  EXPECT_EQ(alarms.size(), 2U);
  EXPECT_TRUE(lists("a@example.test"));
  write(a);
  file.look(now);
  EXPECT_EQ(news.size(), 2U) << "that it is back is news";
  fs::remove(path);
  file.look(now);
  EXPECT_EQ(alarms.size(), 3U) << "and the next time is another one";
}

TEST_F(Watched, WhatIsNoFileHoldsUpNobody) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  file.look(now);
  fs::remove(path);
  fs::create_directory(path);
  file.look(now);
  EXPECT_EQ(alarms.size(), 1U) << "the same trouble";
  EXPECT_NE(alarms.front().find("no regular file"), std::string::npos);
}

TEST_F(Watched, LinesThatAreNotUnderstoodAreToldWithTheirNumber) {
  write("a@example.test REJECT\nb@example.test OK\nc\n");
  file.look(now);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_NE(alarms.front().find("2 lines"), std::string::npos) << alarms.front();
  EXPECT_NE(alarms.front().find("line 2"), std::string::npos) << alarms.front();
  EXPECT_TRUE(lists("a@example.test"));
}

TEST_F(Watched, TooLargeAFileIsNotRead) {
  write(a);
  file.look(now);
  fs::resize_file(path, (64ull << 20) + 1);
  file.look(now);
  EXPECT_EQ(alarms.size(), 1U);
  EXPECT_TRUE(lists("a@example.test"));
}

TEST(RejectLists, OfSitesThatHaveOne) {
  const auto path = fs::path(::testing::TempDir()) / ("reject_list." + std::to_string(::getpid()));
  std::ofstream(path) << a;
  std::vector<conf::Site> sites(2);
  sites[1].reject_list = path;
  const RejectLists lists(sites, {.alarm = [](const std::string&) {}, .news = [](const std::string&) {}});
  EXPECT_EQ(lists.of_site(0), nullptr);
  EXPECT_TRUE(lists.of_site(1)->get()->contains("a@example.test"));
  fs::remove(path);
}

}  // namespace
}  // namespace guichet::cli
