#include "popd/served_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace guichet::popd {
namespace {

using Count = std::optional<std::uint64_t>;

std::string written(std::string_view served, Count body_lines, std::size_t first, std::size_t rest) {
  ServedWriter writer(body_lines);
  std::string out;
  for (std::size_t size = first; !served.empty(); size = rest) {
    if (!writer.feed(served.substr(0, size), out)) break;
    served.remove_prefix(std::min(size, served.size()));
  }
  writer.finish(out);
  return out;
}

// Whole, cut at every position, and octet by octet.
void expect_written(std::string_view served, Count body_lines, std::string_view expected) {
  for (std::size_t at = 1; at <= std::max<std::size_t>(served.size(), 1); ++at) {
    EXPECT_EQ(written(served, body_lines, at, served.size()), expected) << "cut at " << at;
  }
  EXPECT_EQ(written(served, body_lines, 1, 1), expected) << "octet by octet";
}

TEST(ServedWriter, DotsAtTheBeginningOfLinesAreDoubled) {
  expect_written(".\r\n", {}, "..\r\n.\r\n");
  expect_written(".a\r\n..b\r\nc.d\r\n\r\n.\r\n", {}, "..a\r\n...b\r\nc.d\r\n\r\n..\r\n.\r\n");
  expect_written("...\r\n", {}, "....\r\n.\r\n");
  expect_written("a.b.\r\n.\r\n.\r\n", {}, "a.b.\r\n..\r\n..\r\n.\r\n");
}

TEST(ServedWriter, OtherOctetsPassUnchanged) {
  const std::string all = std::string("a\0b\xFF\r.\r.c", 10) + "\r\n";
  expect_written(all, {}, all + ".\r\n");
}

TEST(ServedWriter, EmptyMessage) {
  expect_written("", {}, ".\r\n");
}

TEST(ServedWriter, TheFinalDotHasALineOfItsOwn) {
  expect_written("a", {}, "a\r\n.\r\n");
  expect_written("a\r\n.", {}, "a\r\n..\r\n.\r\n");
}

constexpr std::string_view kMessage = "A: 1\r\n.B: 2\r\n\r\none\r\n.two\r\n\r\nfour\r\n";

TEST(ServedWriter, TopCountsLinesOfTheBody) {
  expect_written(kMessage, 0, "A: 1\r\n..B: 2\r\n\r\n.\r\n");
  expect_written(kMessage, 1, "A: 1\r\n..B: 2\r\n\r\none\r\n.\r\n");
  expect_written(kMessage, 2, "A: 1\r\n..B: 2\r\n\r\none\r\n..two\r\n.\r\n");
  expect_written(kMessage, 3, "A: 1\r\n..B: 2\r\n\r\none\r\n..two\r\n\r\n.\r\n");
}

TEST(ServedWriter, TopOfMoreLinesThanThereAreIsAll) {
  for (const std::uint64_t count : {std::uint64_t{4}, std::uint64_t{5}, UINT64_MAX}) {
    expect_written(kMessage, count, "A: 1\r\n..B: 2\r\n\r\none\r\n..two\r\n\r\nfour\r\n.\r\n");
  }
}

TEST(ServedWriter, TopWithoutABodyIsTheHeader) {
  expect_written("A: 1\r\nB: 2\r\n", 0, "A: 1\r\nB: 2\r\n.\r\n");
  expect_written("A: 1\r\n\r\n", 0, "A: 1\r\n\r\n.\r\n");
}

TEST(ServedWriter, TopIsNotMisledByShortLinesInTheHeader) {
  expect_written("A\r\nB: 2\r\n\r\none\r\n", 0, "A\r\nB: 2\r\n\r\n.\r\n");
}

TEST(ServedWriter, TopOfAMessageThatBeginsWithItsBlankLine) {
  expect_written("\r\none\r\ntwo\r\n", 1, "\r\none\r\n.\r\n");
}

TEST(ServedWriter, TopSaysAtOnceThatItHasEnough) {
  ServedWriter writer(1);
  std::string out;
  EXPECT_TRUE(writer.feed("A: 1\r\n\r\none\r", out));
  EXPECT_FALSE(writer.feed("\ntwo\r\n", out));
  EXPECT_FALSE(writer.feed(".three\r\n", out));
  writer.finish(out);
  EXPECT_EQ(out, "A: 1\r\n\r\none\r\n.\r\n");
}

TEST(ServedWriter, RetrNeverHasEnough) {
  ServedWriter writer;
  std::string out;
  EXPECT_TRUE(writer.feed("A: 1\r\n\r\n", out));
  EXPECT_TRUE(writer.feed("", out));
}

}  // namespace
}  // namespace guichet::popd
