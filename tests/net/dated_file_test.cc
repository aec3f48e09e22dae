#include "net/dated_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace guichet::net {
namespace {

namespace fs = std::filesystem;

class DatedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("guichet-dated-" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string content(const std::string& name) {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  auto alarm() {
    return [this](const std::string&) { ++alarms_; };
  }

  fs::path folder_;
  std::atomic<int> alarms_ = 0;
};

TEST_F(DatedFileTest, HasAFileForEachDayAndGoesOnInIt) {
  {
    DatedFile file(folder_ / "mail.log-", alarm());
    file.add("20261003", "one\n");
    file.add("20261004", "two\n");
    file.add("20261004", "three\nfour\n");
  }
  {
    DatedFile file(folder_ / "mail.log-", alarm());
    file.add("20261004", "five\n");
  }
  EXPECT_EQ(content("mail.log-20261003"), "one\n");
  EXPECT_EQ(content("mail.log-20261004"), "two\nthree\nfour\nfive\n");
  EXPECT_EQ(alarms_, 0);
}

TEST_F(DatedFileTest, AlarmsOnceWhereItCannotBeWritten) {
  {
    DatedFile file(folder_ / "nowhere" / "mail.log-", alarm());
    for (int i = 0; i < 5; ++i)
      file.add("20261003", "lost\n");
  }
  EXPECT_EQ(alarms_, 1);
}

TEST_F(DatedFileTest, AFullDiskIsSaidOnce) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  fs::create_symlink("/dev/full", folder_ / "mail.log-20261003");
  {
    DatedFile file(folder_ / "mail.log-", alarm());
    file.add("20261003", "lost\n");
    file.add("20261003", "lost\n");
    file.add("20261004", "kept\n");
  }
  EXPECT_EQ(alarms_, 1);
  EXPECT_EQ(content("mail.log-20261004"), "kept\n");
}

}  // namespace
}  // namespace guichet::net
