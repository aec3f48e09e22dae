#include "net/line_cut.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::net {
namespace {

TEST(LineCut, IsAfterTheLastLineThatFits) {
  EXPECT_EQ(line_cut("one\r\ntwo\r\nthr", 100), 10u);
  EXPECT_EQ(line_cut("one\r\ntwo\r\n", 100), 10u);
  EXPECT_EQ(line_cut("one\r\ntwo\r\n", 10), 10u);
  EXPECT_EQ(line_cut("one\r\ntwo\r\n", 9), 5u) << "a CR alone ends no line";
  EXPECT_EQ(line_cut("one\r\ntwo\r\n", 5), 5u);
}

TEST(LineCut, OfALineThatIsLongerTakesWhatMayBe) {
  EXPECT_EQ(line_cut("endless", 100), 7u);
  EXPECT_EQ(line_cut("endless\r\n", 4), 4u);
  EXPECT_EQ(line_cut("", 4), 0u);
}

TEST(LineCut, HoldsBackNoMoreThanOneLine) {
  std::string sent, held;
  for (int line = 0; line < 1000; ++line) {
    held += std::string(static_cast<std::size_t>(line % 97), 'x') + "\r\n" + "begun";
    const auto cut = line_cut(held, held.size());
    EXPECT_EQ(held[cut - 1], '\n');
    sent += held.substr(0, cut);
    held.erase(0, cut);
    EXPECT_EQ(held, "begun");
  }
}

}  // namespace
}  // namespace guichet::net
