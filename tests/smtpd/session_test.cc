// What a dialog cannot show: actions, answers, abort, and what the session tells its driver.
#include "smtpd/session.h"

#include <gtest/gtest.h>

#include "tests/smtpd/fake_driver.h"

namespace guichet::smtpd::test {
namespace {

constexpr std::string_view kEnvelope = "MAIL FROM:<a@b>\r\nRCPT TO:<foi@example.test>\r\n";

FakeDriver in_data(SessionOptions session_options = options()) {
  FakeDriver driver(std::move(session_options));
  driver.greet();
  driver.feed(kEnvelope);
  driver.feed("DATA\r\n");
  driver.output.clear();
  return driver;
}

template <typename Expected>
Expected step_to(Session& session, std::string_view input = "") {
  const Step step = session.step(input);
  EXPECT_TRUE(std::holds_alternative<Expected>(step.action)) << "action " << step.action.index();
  EXPECT_EQ(step.consumed,
            std::holds_alternative<SendReply>(step.action) && input.empty() ? 0 : step.consumed);
  return std::get<Expected>(step.action);
}

TEST(Session, RefusesInPlaceOfTheGreeting) {
  Session session(options());
  session.greet(Reply{421, "4.7.0", "Too many connections"});
  EXPECT_EQ(step_to<SendReply>(session).octets, "421 4.7.0 Too many connections\r\n");
  step_to<Close>(session);
  step_to<Close>(session, "NOOP\r\n");
}

TEST(Session, LooksAtNoInputBeforeTheGreetingIsSent) {
  Session session(options());
  session.greet();
  const Step greeting = session.step("NOOP\r\n");
  EXPECT_EQ(greeting.consumed, 0U);
  EXPECT_TRUE(std::holds_alternative<SendReply>(greeting.action));
}

TEST(Session, AsksWithTheWholeTransaction) {
  Session session(options());
  session.greet();
  step_to<SendReply>(session);
  EXPECT_FALSE(session.awaiting_answer());
  const auto mail = step_to<AskMail>(session, "MAIL FROM:<A@b> SIZE=7 BODY=8BITMIME SMTPUTF8\r\n");
  EXPECT_TRUE(session.awaiting_answer());
  EXPECT_EQ(mail.transaction->reverse_path.written, "A@b");
  EXPECT_EQ(mail.transaction->size_declared, 7U);
  EXPECT_TRUE(mail.transaction->body_8bitmime);
  EXPECT_TRUE(mail.transaction->smtputf8);
  session.answer(std::nullopt);
  step_to<SendReply>(session);

  const auto first = step_to<AskRecipient>(session, "RCPT TO:<Foi@Example.test>\r\n");
  EXPECT_EQ(first.recipient->written, "Foi@Example.test");
  EXPECT_TRUE(first.transaction->recipients.empty());
  session.answer(Reply{250, "2.1.5", "Why not"});
  EXPECT_EQ(step_to<SendReply>(session).octets, "250 2.1.5 Why not\r\n");

  const auto data = step_to<AskData>(session, "DATA\r\n");
  ASSERT_EQ(data.transaction->recipients.size(), 1U);
  EXPECT_EQ(data.transaction->recipients[0].local_part, "Foi");
}

TEST(Session, ForgetsATransactionThatThePolicyRefuses) {
  Session session(options());
  session.greet();
  step_to<SendReply>(session);
  step_to<AskMail>(session, "MAIL FROM:<a@b>\r\n");
  session.answer(Reply{451, "4.7.1", "Later"});
  EXPECT_EQ(step_to<SendReply>(session).octets, "451 4.7.1 Later\r\n");
  EXPECT_FALSE(session.transaction());
  step_to<NeedInput>(session);
}

TEST(Session, ForgetsATransactionWhoseDataIsRefused) {
  Session session(options());
  session.greet();
  step_to<SendReply>(session);
  step_to<AskMail>(session, "MAIL FROM:<a@b>\r\n");
  session.answer(std::nullopt);
  step_to<SendReply>(session);
  step_to<AskRecipient>(session, "RCPT TO:<x@y>\r\n");
  session.answer(std::nullopt);
  step_to<SendReply>(session);
  step_to<AskData>(session, "DATA\r\n");
  session.answer(Reply{452, "4.3.1", "Disk full"});
  EXPECT_EQ(step_to<SendReply>(session).octets, "452 4.3.1 Disk full\r\n");
  EXPECT_FALSE(session.in_data());
  EXPECT_FALSE(session.transaction());
}

TEST(Session, Gives421AndCloses) {
  Session session(options());
  session.greet();
  step_to<SendReply>(session);
  step_to<AskMail>(session, "MAIL FROM:<a@b>\r\n");
  session.answer(Reply{421, "4.3.2", "Stopping"});
  step_to<SendReply>(session);
  step_to<Close>(session);
}

TEST(Session, SaysWhatTheFilingSays) {
  auto driver = in_data();
  EXPECT_TRUE(driver.session.in_data());
  driver.filing_says = {451, "4.3.0", "Not now"};
  driver.feed("text\r\n.\r\n");
  EXPECT_EQ(driver.output, "451 4.3.0 Not now\r\n");
  EXPECT_FALSE(driver.session.in_data());
  EXPECT_FALSE(driver.session.transaction());
}

TEST(Session, TellsTheClientsWords) {
  FakeDriver driver;
  driver.greet();
  driver.feed("EHLO mail.townhall.example\r\n");
  EXPECT_EQ(driver.session.client().helo, "mail.townhall.example");
  EXPECT_TRUE(driver.session.client().esmtp);
  EXPECT_FALSE(driver.session.client().tls);
  driver.feed("HELO two words \r\n");
  EXPECT_EQ(driver.session.client().helo, "two words");
  EXPECT_FALSE(driver.session.client().esmtp);
  driver.feed("STARTTLS\r\n");
  ASSERT_TRUE(driver.handshake_wanted);
  driver.finish_handshake();
  EXPECT_EQ(driver.session.client().helo, "");
  EXPECT_TRUE(driver.session.client().tls);
}

TEST(Session, MaySpeakTlsFromTheStart) {
  Session session(options());
  session.tls_established();
  session.greet();
  step_to<SendReply>(session);
  EXPECT_TRUE(session.client().tls);
  EXPECT_EQ(step_to<SendReply>(session, "EHLO x\r\n").octets.find("STARTTLS"), std::string::npos);
}

TEST(Session, GivesALargeBodyInOnePiece) {
  auto driver = in_data();
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += "a line. of text\r\n";
  const Step step = driver.session.step(body);
  EXPECT_EQ(step.consumed, body.size());
  EXPECT_EQ(std::get<BodyOctets>(step.action).octets.data(), body.data());
}

TEST(Session, DiscardsOnceWhenTheSizeIsPassed) {
  auto session_options = options();
  session_options.limits.message_octets_max = 10;
  auto driver = in_data(session_options);
  driver.feed("0123456789");
  EXPECT_EQ(driver.discards, 0U);
  driver.feed("0");
  EXPECT_EQ(driver.discards, 1U);
  driver.feed("1\r\n.\n\r\n..\r\n");
  EXPECT_EQ(driver.output, "");
  EXPECT_EQ(driver.discards, 1U);
}

TEST(Session, AbortInsideDataVoidsTheBody) {
  auto driver = in_data();
  driver.feed("half a mess");
  driver.session.abort({421, "4.4.2", "Timeout"});
  driver.run();
  EXPECT_EQ(driver.output, "421 4.4.2 Timeout\r\n");
  EXPECT_EQ(driver.discards, 1U);
  EXPECT_TRUE(driver.closed);
  EXPECT_TRUE(driver.filed.empty());
}

TEST(Session, AbortVoidsABodyOnlyOnce) {
  auto session_options = options();
  session_options.limits.message_octets_max = 1;
  auto driver = in_data(session_options);
  driver.feed("more");
  EXPECT_EQ(driver.discards, 1U);
  driver.session.abort({421, "4.4.2", "Timeout"});
  driver.run();
  EXPECT_EQ(driver.discards, 1U);
}

TEST(Session, AbortWithdrawsTheQuestion) {
  Session session(options());
  session.greet();
  step_to<SendReply>(session);
  step_to<AskMail>(session, "MAIL FROM:<a@b>\r\n");
  session.abort({421, "4.3.2", "Stopping"});
  EXPECT_FALSE(session.awaiting_answer());
  session.answer(std::nullopt);
  EXPECT_EQ(step_to<SendReply>(session).octets, "421 4.3.2 Stopping\r\n");
  step_to<Close>(session);
}

TEST(Session, AbortComesAfterAReplyThatWaits) {
  auto driver = in_data();
  step_to<BodyOctets>(driver.session, "x\r\n");
  step_to<AskFile>(driver.session, ".\r\n");
  driver.session.answer(Reply{250, "2.0.0", "Ok"});
  driver.session.abort({421, "4.3.2", "Stopping"});
  EXPECT_EQ(step_to<SendReply>(driver.session).octets, "250 2.0.0 Ok\r\n421 4.3.2 Stopping\r\n");
  step_to<Close>(driver.session);
}

TEST(Session, AbortAroundTheHandshake) {
  FakeDriver driver;
  driver.greet();
  const Step step = driver.session.step("STARTTLS\r\n");
  ASSERT_TRUE(std::holds_alternative<SendReply>(step.action));
  step_to<StartTls>(driver.session);
  driver.session.abort({421, "4.4.2", "Timeout"});
  step_to<Close>(driver.session);
}

TEST(Session, AbortBeforeTheGreeting) {
  Session session(options());
  session.abort({421, "4.3.2", "Stopping"});
  step_to<SendReply>(session);
  step_to<Close>(session);
}

TEST(Session, CountsErrorsOfTheProtocolAndNotOfThePolicy) {
  FakeDriver driver;
  driver.greet();
  driver.feed("XYZZY\r\nRCPT TO:<foi@example.test>\r\n");
  EXPECT_EQ(driver.session.errors(), 2U);
  driver.feed("MAIL FROM:<a@b>\r\nRCPT TO:<nobody@example.test>\r\n");
  EXPECT_EQ(driver.session.errors(), 2U);
}

TEST(SessionDeathTest, HoldsItsDriverToTheContract) {
  Session session(options());
  EXPECT_DEATH((void)session.step(""), "greet");
  session.greet();
  EXPECT_DEATH(session.greet(), "greet");
  step_to<SendReply>(session);
  EXPECT_DEATH(session.answer(std::nullopt), "without a question");
  step_to<AskMail>(session, "MAIL FROM:<a@b>\r\n");
  EXPECT_DEATH((void)session.step("RSET\r\n"), "outstanding");
  EXPECT_DEATH(session.tls_established(), "StartTls");
}

}  // namespace
}  // namespace guichet::smtpd::test
