#include "smtpd/grammar.h"

#include <gtest/gtest.h>

#include <limits>

namespace guichet::smtpd::test {
namespace {

TEST(Grammar, FindsTheVerbInAnyCase) {
  const auto command = parse_command("  mail \t FROM:<a@b>");
  EXPECT_EQ(command.row->verb, Verb::kMail);
  EXPECT_EQ(command.argument, "FROM:<a@b>");
  EXPECT_EQ(parse_command("StartTLS").row->verb, Verb::kStartTls);
  EXPECT_EQ(parse_command("MAILX").row->verb, Verb::kUnknown);
  EXPECT_EQ(parse_command("").row->verb, Verb::kUnknown);
}

TEST(Grammar, TellsWhatIsNoMailClient) {
  for (const auto line : {"GET / HTTP/1.1", "post /", "CONNECT x:25", "OPTIONS *", "Subject: hello",
                          "X-Mailer:y", "<html>", "\x16\x03\x01", "1234", "\xc3\xa9t\xc3\xa9"}) {
    EXPECT_EQ(parse_command(line).row->verb, Verb::kNotSmtp) << line;
  }
}

TEST(Grammar, KnowsWhichVerbsTakeAnArgument) {
  EXPECT_TRUE(parse_command("NOOP").argument_fits());
  EXPECT_TRUE(parse_command("NOOP x").argument_fits());
  EXPECT_TRUE(parse_command("RSET").argument_fits());
  EXPECT_FALSE(parse_command("RSET x").argument_fits());
  EXPECT_TRUE(parse_command("HELO x").argument_fits());
  EXPECT_FALSE(parse_command("HELO").argument_fits());
}

TEST(Grammar, FindsTheKeywordOfAPath) {
  EXPECT_EQ(after_keyword("from: <a@b>", "FROM:"), "<a@b>");
  EXPECT_EQ(after_keyword("FROM:", "FROM:"), "");
  EXPECT_EQ(after_keyword("FROM", "FROM:"), std::nullopt);
  EXPECT_EQ(after_keyword("FROM :<a@b>", "FROM:"), std::nullopt);
}

TEST(Grammar, ReadsTheParametersOfMail) {
  const auto read = parse_mail_parameters("  size=00123 BODY=8BITMIME smtputf8 AUTH=x+2By ENVID=1 RET=FULL ");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size_declared, 123U);
  EXPECT_TRUE(read->body_8bitmime);
  EXPECT_TRUE(read->smtputf8);

  EXPECT_EQ(parse_mail_parameters("SIZE=1 SIZE=2")->size_declared, 2U);
  EXPECT_FALSE(parse_mail_parameters("BODY=8BITMIME BODY=7bit")->body_8bitmime);
  EXPECT_EQ(parse_mail_parameters("SIZE=18446744073709551615")->size_declared,
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_mail_parameters("SIZE=99999999999999999999")->size_declared,
            std::numeric_limits<std::uint64_t>::max());
}

TEST(Grammar, RefusesWhatItDoesNotKnow) {
  for (const auto text : {"SIZE", "SIZE=", "SIZE=-1", "SIZE=+1", "SIZE=1x", "SIZE=0x10"}) {
    EXPECT_EQ(parse_mail_parameters(text).error().code, 501) << text;
  }
  for (const auto text :
       {"BODY", "BODY=", "BODY=BINARYMIME", "SMTPUTF8=", "RET", "NOTIFY=NEVER", "X", "=", "=x"}) {
    EXPECT_EQ(parse_mail_parameters(text).error().code, 555) << text;
  }
  EXPECT_FALSE(refuse_rcpt_parameters(" NOTIFY=NEVER orcpt=rfc822;x"));
  EXPECT_EQ(refuse_rcpt_parameters(" NOTIFY=NEVER SIZE=1")->code, 555);
}

TEST(Grammar, SeesControlOctets) {
  EXPECT_FALSE(has_control_octets("MAIL\tFROM:<\xc3\xbc@\xff>"));
  EXPECT_TRUE(has_control_octets(std::string_view("a\0", 2)));
  EXPECT_TRUE(has_control_octets("a\rb"));
  EXPECT_TRUE(has_control_octets("\x7f"));
}

}  // namespace
}  // namespace guichet::smtpd::test
