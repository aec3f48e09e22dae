#include "smtpd/command_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::smtpd::test {
namespace {

using Found = CommandReader::Found;

TEST(CommandReader, GivesAViewIntoTheInputWhenTheLineIsWhole) {
  CommandReader reader(100, 1000);
  const std::string input = "NOOP \t\r\nQUIT\r\n";
  const auto first = reader.next(input);
  EXPECT_EQ(first.found, Found::kLine);
  EXPECT_EQ(first.consumed, 8U);
  EXPECT_EQ(first.line, "NOOP");
  EXPECT_EQ(first.line.data(), input.data());
}

TEST(CommandReader, PutsPiecesTogether) {
  CommandReader reader(100, 1000);
  EXPECT_EQ(reader.next("NO").found, Found::kNothing);
  EXPECT_EQ(reader.next("").found, Found::kNothing);
  EXPECT_EQ(reader.next("OP\r").found, Found::kNothing);
  const auto line = reader.next("\nQUIT");
  EXPECT_EQ(line.found, Found::kLine);
  EXPECT_EQ(line.consumed, 1U);
  EXPECT_EQ(line.line, "NOOP");
  EXPECT_EQ(reader.next("QUIT\n").line, "QUIT");
}

TEST(CommandReader, TakesALineOfTheLimitAndNoneLonger) {
  CommandReader reader(10, 1000);
  EXPECT_EQ(reader.next("12345678\r\n").line, "12345678");
  EXPECT_EQ(reader.next("123456789\r\n").found, Found::kTooLong);
  EXPECT_EQ(reader.next("12345678\r\n").line, "12345678");
  EXPECT_EQ(reader.next("123456789").found, Found::kNothing);
  EXPECT_EQ(reader.next("123456789").found, Found::kNothing);
  EXPECT_EQ(reader.next("\nQUIT\n").found, Found::kTooLong);
  EXPECT_EQ(reader.next("QUIT\n").line, "QUIT");
}

TEST(CommandReader, CallsAFloodByItsName) {
  const std::string line(19, 'a');
  EXPECT_EQ(CommandReader(10, 20).next(line + "\n").found, Found::kTooLong);
  EXPECT_EQ(CommandReader(10, 20).next(line + "a\n").found, Found::kFlood);
  CommandReader reader(10, 20);
  EXPECT_EQ(reader.next(line + "a").found, Found::kNothing);
  EXPECT_EQ(reader.next("a").found, Found::kFlood);
}

}  // namespace
}  // namespace guichet::smtpd::test
