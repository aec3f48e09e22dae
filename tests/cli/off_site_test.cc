// Which volumes go into a snapshot, and how an envdir is read.
#include "cli/off_site.h"

#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "cli/restic.h"
#include "tests/store/workbench.h"

namespace guichet::cli {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Go's filepath.Match reads such patterns as fnmatch does, but for [^c], which is [!c] there.
bool excluded(const std::vector<std::string>& patterns, const std::string& path) {
  return std::ranges::any_of(patterns, [&path](std::string pattern) {
    std::ranges::replace(pattern, '^', '!');
    return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  });
}

std::string file(std::uint32_t volume) {
  return store::volume_file("", volume).string();
}

TEST(VolumesBeyond, ExcludesWhatIsNotSealed) {
  for (const std::uint32_t last : {0U, 1U, 9U, 10U, 41U, 99U, 199U, 12'099U, 999'998U, 999'999U}) {
    const auto patterns = volumes_beyond(last);
    for (const std::uint32_t step : {1U, 2U, 9U, 10U, 90U, 100U, 12'345U, 500'000U}) {
      if (last + step < 1'000'000) {
        EXPECT_TRUE(excluded(patterns, file(last + step))) << last << " + " << step;
      }
      if (last > step) {
        EXPECT_FALSE(excluded(patterns, file(last - step))) << last << " - " << step;
      }
    }
    if (last > 0) {
      EXPECT_FALSE(excluded(patterns, file(last)));
    }
    EXPECT_FALSE(excluded(patterns, file(1'000'001))) << "another store's, merged in: it is sealed";
    EXPECT_FALSE(excluded(patterns, file(7'999'999)));
    EXPECT_TRUE(excluded(patterns, "volumes/00000001.warc.torn"));
    EXPECT_TRUE(excluded(patterns, "volumes/00000001.warc.part"));
  }
}

TEST(Envdir, IsReadAsDaemontoolsDoes) {
  const store::TempFolder folder;
  const auto put = [&folder](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
  };
  put("RESTIC_PASSWORD", "a secret \t\nsecond line\n");
  put("TWO_LINES", std::string("one\0two", 7));
  put("EMPTY_VALUE", "\n");
  put("UNSET", "");
  put("A=B", "no name of a variable");
  put(".hidden", "x");
  const auto read = read_envdir(folder.path());
  ASSERT_TRUE(read) << read.error();
  EXPECT_THAT(*read, UnorderedElementsAre(std::pair("RESTIC_PASSWORD", "a secret"),
                                          std::pair("TWO_LINES", "one\ntwo"), std::pair("EMPTY_VALUE", "")));
  const auto absent = read_envdir(folder.path() / "absent");
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error(), HasSubstr("backup.envdir"));
}

}  // namespace
}  // namespace guichet::cli
