#include "smtpd/data_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/smtpd/reference_reader.h"

namespace guichet::smtpd::test {
namespace {

using namespace std::string_view_literals;

// Feeds the pieces; what comes after the end is left.
ReadBody read_in(const std::vector<std::string_view>& inputs) {
  DataReader reader;
  ReadBody read;
  for (auto input : inputs) {
    while (!input.empty() && !read.ended) {
      const auto piece = reader.next(input);
      input.remove_prefix(piece.consumed);
      read.consumed += piece.consumed;
      read.body += piece.body;
      read.ended = piece.end;
    }
  }
  read.ambiguous = reader.ambiguous_dot_line();
  return read;
}

std::vector<std::string_view> octet_by_octet(std::string_view text) {
  std::vector<std::string_view> octets;
  for (std::size_t i = 0; i < text.size(); ++i)
    octets.push_back(text.substr(i, 1));
  return octets;
}

void expect_same_in_every_split(std::string_view text, const ReadBody& expected) {
  EXPECT_EQ(read_in({text}), expected);
  EXPECT_EQ(read_in(octet_by_octet(text)), expected);
  for (std::size_t i = 1; i < text.size(); ++i) {
    for (std::size_t j = i; j < text.size(); ++j) {
      ASSERT_EQ(read_in({text.substr(0, i), text.substr(i, j - i), text.substr(j)}), expected)
          << i << ", " << j;
    }
  }
}

struct Case {
  std::string_view text;
  std::string_view body;
};

TEST(DataReader, TakesStuffedDotsOutAndKeepsTheRest) {
  for (const auto& [text, body] : std::vector<Case>{
           {".\r\n", ""},
           {"\r\n.\r\n", "\r\n"},
           {"a\r\n.\r\n", "a\r\n"},
           {"..\r\n.\r\n", ".\r\n"},
           {"...\r\n.\r\n", "..\r\n"},
           {".x\r\n.\r\n", "x\r\n"},
           {"a\r\n..\r\n..b\r\n.\r\n", "a\r\n.\r\n.b\r\n"},
           {"a.b.\r\nc.\r\n.\r\n", "a.b.\r\nc.\r\n"},
           {"a\nb\rc\r\r\n\n\r\r\n.\r\n", "a\nb\rc\r\r\n\n\r\r\n"},
           {"\0\r\n\0.\r\n.\0\r\n.\r\n"sv, "\0\r\n\0.\r\n\0\r\n"sv},
           {"a\n.b\r.c\r\n.\r\n", "a\n.b\r.c\r\n"},
           {"\r\r\n.\r\n", "\r\r\n"},
       }) {
    SCOPED_TRACE(testing::PrintToString(text));
    expect_same_in_every_split(text, {std::string(body), text.size(), true, false});
  }
}

TEST(DataReader, LeavesWhatComesAfterTheEnd) {
  const auto read = read_in({"a\r\n.\r\nQUIT\r\n"});
  EXPECT_EQ(read.body, "a\r\n");
  EXPECT_EQ(read.consumed, 6U);
}

TEST(DataReader, GivesOnePieceWhereNoDotIsTakenOut) {
  const std::string text = "line one.\r\nline two\nline. three\r\n";
  const auto piece = DataReader().next(text);
  EXPECT_EQ(piece.body, text);
  EXPECT_EQ(piece.body.data(), text.data());
}

// Every pair of line ends that some server has taken for one, around a dot: never the end of data, always
// noticed. The true one, and pairs that contain it, are the end.
TEST(DataReader, SeesNoEndInAnyOtherDotLine) {
  const std::vector<std::string_view> ends{"\n",   "\r",       "\r\n",   "\r\r\n",
                                           "\n\r", "\r\0\n"sv, "\r\n\r", "\n\n"};
  unsigned variants = 0;
  for (const auto before : ends) {
    for (const auto after : ends) {
      const std::string dot_line = std::string(before) + "." + std::string(after);
      if (dot_line.find("\r\n.\r\n") != std::string::npos) continue;
      ++variants;
      const std::string text = "AAA" + dot_line + "MAIL FROM:<smug@a>\r\n.\r\n";
      SCOPED_TRACE(testing::PrintToString(text));
      const auto expected = reference_read(text);
      EXPECT_TRUE(expected.ambiguous);
      EXPECT_EQ(expected.consumed, text.size());
      expect_same_in_every_split(text, expected);
    }
  }
  EXPECT_GT(variants, 50U);
}

// Octets that are line ends to Unicode, to a terminal or to DOS, and to no mail server.
TEST(DataReader, TakesOtherSeparatorsForText) {
  for (const auto other :
       {"\x0b"sv, "\x0c"sv, "\x85"sv, "\xc2\x85"sv, "\xe2\x80\xa8"sv, "\xe2\x80\xa9"sv, "\x1a"sv, "\0"sv}) {
    const std::string text = "A" + std::string(other) + "." + std::string(other) + "B\r\n.\r\n";
    expect_same_in_every_split(text, {text.substr(0, text.size() - 3), text.size(), true, false});
  }
}

TEST(DataReader, NoticesADotLineAtTheVeryStart) {
  for (const auto text : {".\n\r\n.\r\n"sv, ".\r\r\n\r\n.\r\n"sv, "\n.\r\n\r\n.\r\n"sv, "\r.\n\r\n.\r\n"sv}) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto expected = reference_read(text);
    EXPECT_TRUE(expected.ambiguous);
    EXPECT_EQ(expected.consumed, text.size());
    expect_same_in_every_split(text, expected);
  }
}

// All texts of up to seven octets of an alphabet that is nothing but trouble.
TEST(DataReader, EqualsTheReferenceOnEveryShortText) {
  const std::string_view alphabet = "\r\n.a";
  for (std::size_t length = 1; length <= 7; ++length) {
    std::string text(length, alphabet[0]);
    const std::size_t count = std::size_t{1} << (2 * length);
    for (std::size_t number = 0; number < count; ++number) {
      for (std::size_t i = 0; i < length; ++i)
        text[i] = alphabet[(number >> (2 * i)) & 3U];
      const auto expected = reference_read(text);
      ASSERT_EQ(read_in({text}), expected) << testing::PrintToString(text);
      ASSERT_EQ(read_in(octet_by_octet(text)), expected) << testing::PrintToString(text);
      const auto half = text.size() / 2;
      ASSERT_EQ(read_in({std::string_view(text).substr(0, half), std::string_view(text).substr(half)}),
                expected);
    }
  }
}

}  // namespace
}  // namespace guichet::smtpd::test
