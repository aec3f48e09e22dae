#include "popd/line_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace guichet::popd {
namespace {

using Kind = LineReader::Kind;

// All lines of `input`, given in pieces of `size` octets; "!" stands for one that was too long.
std::vector<std::string> lines(std::string_view input, std::size_t size, std::size_t octets_max) {
  LineReader reader(octets_max);
  std::vector<std::string> out;
  std::string pending;
  while (!input.empty()) {
    pending += input.substr(0, size);
    input.remove_prefix(std::min(size, input.size()));
    for (;;) {
      const auto result = reader.read(pending);
      if (result.kind == Kind::whole) out.emplace_back(result.text);
      if (result.kind == Kind::too_long) out.emplace_back("!");
      pending.erase(0, result.consumed);
      if (result.kind == Kind::partial) break;
    }
    EXPECT_TRUE(pending.empty()) << "a partial line is taken in whole";
  }
  return out;
}

TEST(LineReader, SamePiecesOrNot) {
  const std::string input =
      "NOOP\r\n\r\nSTAT\n\n12345678\r\n123456789\r\n" + std::string(50, 'x') + "\r\nQUIT\r\n";
  const std::vector<std::string> expected = {"NOOP", "", "STAT", "", "12345678", "!", "!", "QUIT"};
  for (std::size_t size = 1; size <= input.size(); ++size)
    EXPECT_EQ(lines(input, size, 10), expected) << size;
}

TEST(LineReader, OnlyOneCarriageReturnBelongsToTheLineEnd) {
  EXPECT_EQ(lines("a\r\r\n\rb\n", 1, 10), (std::vector<std::string>{"a\r", "\rb"}));
}

TEST(LineReader, TheLimitCountsTheLineEnd) {
  EXPECT_EQ(lines("12345678\r\n", 3, 10), (std::vector<std::string>{"12345678"}));
  EXPECT_EQ(lines("123456789\r\n", 3, 10), (std::vector<std::string>{"!"}));
  EXPECT_EQ(lines("123456789\n", 3, 10), (std::vector<std::string>{"123456789"}));
  EXPECT_EQ(lines("1234567890\n", 3, 10), (std::vector<std::string>{"!"}));
}

TEST(LineReader, ALongLineIsReportedOnceAndTakenIn) {
  LineReader reader(10);
  const std::string much(1000, 'x');
  const auto first = reader.read(much);
  EXPECT_EQ(first.kind, Kind::too_long);
  std::size_t taken = first.consumed;
  for (; taken + much.size() < line_flood_octets; taken += much.size()) {
    const auto result = reader.read(much);
    EXPECT_EQ(result.kind, Kind::partial);
    EXPECT_EQ(result.consumed, much.size());
  }
  EXPECT_EQ(reader.read("x\nNOOP\r\n").kind, Kind::whole);
}

TEST(LineReader, OneThatDoesNotEndIsAFloodHoweverItComes) {
  for (const std::size_t size : {1000u, 70'000u, 1u << 20}) {
    LineReader reader(10);
    const std::string much(size, 'x');
    std::size_t taken = reader.read(much).consumed;
    while (true) {
      const auto result = reader.read(much);
      taken += result.consumed;
      if (result.kind == Kind::flood) break;
      ASSERT_EQ(result.kind, Kind::partial);
      ASSERT_LE(taken, line_flood_octets + 10);
    }
    EXPECT_GT(taken, line_flood_octets);
  }
}

}  // namespace
}  // namespace guichet::popd
