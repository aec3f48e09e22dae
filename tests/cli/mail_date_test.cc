#include "cli/mail_date.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

std::string read(std::string_view text) {
  const auto at = parse_mail_date(text);
  return at ? at->rfc3339() : "none";
}

std::string read_from(std::string_view line) {
  const auto at = parse_from_line(line);
  return at ? at->rfc3339() : "none";
}

TEST(MailDate, IsReadAsSoftwareWroteItInFortyYears) {
  EXPECT_EQ(read("Tue, 3 Oct 2012 16:39:38 +0100 (BST)"), "2012-10-03T15:39:38.000000Z");
  EXPECT_EQ(read("3 Oct 2012 16:39 -0530"), "2012-10-03T22:09:00.000000Z");
  EXPECT_EQ(read("Wed,03 Oct 12 16:39:38 EST"), "2012-10-03T21:39:38.000000Z");
  EXPECT_EQ(read("3 October 1998 00:00:00 GMT"), "1998-10-03T00:00:00.000000Z");
  EXPECT_EQ(read("3 Oct 2012 16:39:38"), "2012-10-03T16:39:38.000000Z");
  EXPECT_EQ(read("from a (b; c) by d; Tue, 3 Oct 2012\r\n\t16:39:38 +0000"), "2012-10-03T16:39:38.000000Z");
}

TEST(MailDate, NonsenseIsNone) {
  for (const auto* text : {"", ";", "yesterday", "31 Feb 2012 00:00:00 +0000", "3 Oct 2012 25:00:00 +0000",
                           "3 Oct 2012 10:61 +0000", "0 Oct 2012 10:00 +0000", "3 Okt 2012 10:00 +0000",
                           "3 Oct 1812 10:00 +0000", "99999999999 Oct 2012 10:00 +0000"})
    EXPECT_EQ(read(text), "none") << text;
}

TEST(FromLine, BeginsAMessageWhenItHasADate) {
  EXPECT_EQ(read_from("From a@b.example Wed Oct  3 16:39:35 2012"), "2012-10-03T16:39:35.000000Z");
  EXPECT_EQ(read_from("From MAILER-DAEMON  Wed Oct 13 16:39:35 UTC 2012"), "2012-10-13T16:39:35.000000Z");
  EXPECT_EQ(read_from("From the beginning we said so"), "none");
  EXPECT_EQ(read_from("From may 3 at 10:00 on"), "none");
  EXPECT_EQ(read_from("from a@b.example Wed Oct  3 16:39:35 2012"), "none");
}

TEST(FromLine, IsReadBack) {
  const auto at = *store::Instant::from_rfc3339("2012-10-03T06:09:05Z");
  const auto line = from_line("a b\n@c.example", at);
  EXPECT_EQ(line, "From a-b-@c.example Wed Oct  3 06:09:05 2012");
  EXPECT_EQ(parse_from_line(line), at);
  EXPECT_EQ(sender_of_from_line(line), "a-b-@c.example");
  EXPECT_EQ(sender_of_from_line(from_line("", at)), "");
}

}  // namespace
}  // namespace guichet::cli
