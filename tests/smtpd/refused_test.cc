// What the session tells of a reply that refuses: the reply itself, what it refuses, and for whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/smtpd/fake_driver.h"

namespace guichet::smtpd::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Carries out what it is told, and keeps what was refused.
class Told : public testing::Test {
 protected:
  void SetUp() override { driver_.greet(); }

  const Refused& last() {
    EXPECT_FALSE(driver_.refused.empty());
    return driver_.refused.back();
  }

  FakeDriver driver_;
};

TEST_F(Told, NothingWhereNothingIsRefused) {
  driver_.feed("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<foi@example.test>\r\nDATA\r\n");
  driver_.feed("x\r\n.\r\nQUIT\r\n");
  EXPECT_THAT(driver_.refused, IsEmpty());
}

TEST_F(Told, ARecipientWithItsSender) {
  driver_.feed("MAIL FROM:<a@b.example>\r\nRCPT TO:<foi@example.test>\r\nRCPT TO:<who@example.test>\r\n");
  EXPECT_EQ(last().stage, Stage::recipient);
  EXPECT_EQ(last().mail_from, "a@b.example");
  EXPECT_THAT(last().recipients, ElementsAre("who@example.test"));
  EXPECT_EQ(last().said, "RCPT TO:<who@example.test>");
  EXPECT_EQ(last().reply.line(), "550 5.1.1 User unknown");
}

TEST_F(Told, ANullSenderIsNotNoSender) {
  driver_.feed("MAIL FROM:<>\r\nRCPT TO:<who@example.test>\r\n");
  EXPECT_EQ(last().mail_from, "");
  driver_.feed("RSET\r\nRCPT TO:<who@example.test>\r\n");
  EXPECT_EQ(last().mail_from, std::nullopt);
  EXPECT_THAT(last().recipients, IsEmpty());
}

TEST_F(Told, AMailThatIsPutOffWithItsSender) {
  driver_.feed("MAIL FROM:<mail-later@b.example>\r\n");
  EXPECT_EQ(last().stage, Stage::mail);
  EXPECT_EQ(last().mail_from, "mail-later@b.example");
  driver_.feed("RCPT TO:<foi@example.test>\r\n");
  EXPECT_EQ(last().reply.code, 503) << "there is no transaction";
}

TEST_F(Told, AFilingWithAllItsRecipients) {
  driver_.filing_says = {452, "4.3.1", "Disk full", Refusal::no_room};
  driver_.feed("MAIL FROM:<a@b.example>\r\nRCPT TO:<foi@example.test>\r\nRCPT TO:<foi+1@example.test>\r\n");
  driver_.feed("DATA\r\n");
  driver_.feed("x\r\n.\r\n");
  EXPECT_EQ(last().stage, Stage::end_of_data);
  EXPECT_EQ(last().reply.why, Refusal::no_room);
  EXPECT_EQ(last().mail_from, "a@b.example");
  EXPECT_THAT(last().recipients, ElementsAre("foi@example.test", "foi+1@example.test"));
  EXPECT_EQ(last().said, "");
}

TEST_F(Told, NotThePasswordBehindAuth) {
  driver_.feed("auth PLAIN AGFsaWNlAHNlY3JldA==\r\n");
  EXPECT_EQ(last().said, "AUTH");
  EXPECT_EQ(last().reply.why, Refusal::not_implemented);
}

TEST_F(Told, TheBeginningOfALongLine) {
  driver_.feed(std::string(3000, 'x') + "\r\n");
  EXPECT_EQ(last().said, std::string(said_octets_max, 'x'));
  driver_.feed(std::string(5000, 'x') + "\r\n");
  EXPECT_EQ(last().said, "");
  EXPECT_EQ(last().reply.why, Refusal::line_too_long);
}

// One answer to one command: what is told is what was said.
TEST_F(Told, The421InThePlaceOfTheReply) {
  for (unsigned i = 0; i <= SessionLimits{}.errors_max; ++i)
    driver_.feed("what\r\n");
  EXPECT_EQ(driver_.refused.size(), SessionLimits{}.errors_max + 1U);
  EXPECT_EQ(last().reply.why, Refusal::too_many_errors);
  EXPECT_EQ(last().reply.code, 421);
}

TEST_F(Told, WhatEndsASessionInTheMiddleOfABody) {
  driver_.feed("MAIL FROM:<a@b.example>\r\nRCPT TO:<foi@example.test>\r\nDATA\r\n");
  driver_.feed("half a bo");
  driver_.session.abort({421, "4.4.2", "time-out, closing", Refusal::time_out});
  driver_.run();
  EXPECT_EQ(last().stage, Stage::body);
  EXPECT_THAT(last().recipients, ElementsAre("foi@example.test"));
}

TEST(Refused, AtTheGreeting) {
  FakeDriver driver;
  driver.session.greet(Reply{421, "4.3.2", "too many", Refusal::too_many_sessions});
  driver.run();
  ASSERT_EQ(driver.refused.size(), 1U);
  EXPECT_EQ(driver.refused.front().stage, Stage::connect);
}

TEST(ReplyLine, IsTheReplyAsSent) {
  EXPECT_EQ((Reply{550, "5.1.1", "no such\nrecipient \x1b[2J"}.line()),
            "550-5.1.1 no such / 550 5.1.1 recipient ?[2J");
}

}  // namespace
}  // namespace guichet::smtpd::test
