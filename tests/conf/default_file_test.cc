#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/conf/config_file.h"

namespace guichet::conf {
namespace {

TEST(DefaultFile, IsBesideTheSourceOfABuild) {
  const ConfigFile scratch("");
  std::filesystem::create_directory(scratch.folder() / "conf");
  std::filesystem::rename(scratch.path(), scratch.folder() / "conf/guichet.toml");
  EXPECT_EQ(default_file(scratch.folder() / "build/release/guichet"), scratch.folder() / "conf/guichet.toml");
  EXPECT_EQ(default_file(scratch.folder() / "usr/bin/guichet"), "/etc/guichet/guichet.toml");
}

TEST(DefaultFile, IsInEtcWhenTheSourceHasNone) {
  const ConfigFile scratch("");
  EXPECT_EQ(default_file(scratch.folder() / "build/release/guichet"), "/etc/guichet/guichet.toml");
  EXPECT_EQ(default_file("/usr/bin/guichet"), "/etc/guichet/guichet.toml");
  EXPECT_EQ(default_file("guichet"), "/etc/guichet/guichet.toml");
}

}  // namespace
}  // namespace guichet::conf
