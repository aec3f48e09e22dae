#include "conf/nearest.h"

#include <gtest/gtest.h>

namespace guichet::conf {
namespace {

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("listen", "listen"), 0u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
}

TEST(Nearest, TakesTheFirstOfSeveral) {
  EXPECT_EQ(nearest("thread", {"listen", "threads", "threat"}), "threads");
  EXPECT_EQ(nearest("zzzzz", {"a", "b"}), "a");
}

}  // namespace
}  // namespace guichet::conf
