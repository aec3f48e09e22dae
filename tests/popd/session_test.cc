// What the dialogs cannot show: the order and the holding back of actions, limits from the options, and a
// driver that does not keep to the contract.
#include "popd/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/popd/fake_driver.h"

namespace guichet::popd {
namespace {

template <typename Expected>
Expected next(Session& session, std::string_view& input) {
  Step step = session.step(input);
  input.remove_prefix(step.consumed);
  EXPECT_TRUE(std::holds_alternative<Expected>(step.action)) << "action number " << step.action.index();
  return std::holds_alternative<Expected>(step.action) ? std::get<Expected>(std::move(step.action))
                                                       : Expected{};
}

template <typename Expected>
Expected next(Session& session) {
  std::string_view nothing;
  return next<Expected>(session, nothing);
}

void log_in(Session& session, std::vector<Entry> maildrop) {
  std::string_view input = "USER foi\r\nPASS secret\r\n";
  session.greet();
  next<SendReply>(session);
  next<SendReply>(session, input);
  next<AskLogin>(session, input);
  session.logged_in(std::move(maildrop));
  next<SendReply>(session);
}

TEST(Session, GreetsBeforeItReads) {
  Session session({.hostname = "mail.example.test"});
  session.greet();
  std::string_view input = "QUIT\r\n";
  EXPECT_EQ(next<SendReply>(session, input).octets, "+OK mail.example.test POP3 server ready\r\n");
  EXPECT_EQ(input.size(), 6U);
  EXPECT_EQ(next<SendReply>(session, input).octets, "+OK goodbye\r\n");
  next<Close>(session, input);
  next<Close>(session, input);
}

TEST(Session, HandsOverNameAndPasswordAsTheyWereSaid) {
  Session session({});
  session.greet();
  next<SendReply>(session);
  std::string_view input = "USER a b\r\nPASS  c d \r\n";
  next<SendReply>(session, input);
  const auto ask = next<AskLogin>(session, input);
  EXPECT_EQ(ask.user, "a b");
  EXPECT_EQ(ask.password, " c d ");
  EXPECT_TRUE(session.awaiting_answer());
  EXPECT_FALSE(session.in_transaction());
  session.logged_in({});
  EXPECT_TRUE(session.in_transaction());
}

TEST(Session, AListingComesPieceByPieceAndNothingIsReadBetween) {
  Session session({});
  log_in(session, std::vector<Entry>(100'000, Entry{std::string(70, 'u'), 1}));
  std::string_view input = "UIDL\r\nNOOP\r\n";
  std::size_t lines = 0;
  for (std::string piece = next<SendReply>(session, input).octets;;
       piece = next<SendReply>(session, input).octets) {
    EXPECT_LE(piece.size(), kListingPieceOctetsMax);
    EXPECT_EQ(input, "NOOP\r\n");
    lines += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    if (piece.ends_with("\r\n.\r\n")) break;
  }
  EXPECT_EQ(lines, 100'002U);
  EXPECT_EQ(next<SendReply>(session, input).octets, "+OK nothing done\r\n");
}

TEST(Session, RetrieveAndTopNameTheMessage) {
  Session session({});
  log_in(session, {{"a", 1}, {"b", 2}});
  std::string_view input = "RETR 2\r\nTOP 1 7\r\n";
  const auto retr = next<AskRetrieve>(session, input);
  EXPECT_EQ(retr.number, 2U);
  EXPECT_EQ(retr.body_lines, std::nullopt);
  session.retrieved();
  const auto top = next<AskRetrieve>(session, input);
  EXPECT_EQ(top.number, 1U);
  EXPECT_EQ(top.body_lines, 7U);
}

TEST(Session, QuitIsAnsweredOnlyAfterTheCommit) {
  Session session({});
  log_in(session, {{"a", 1}, {"b", 2}, {"c", 3}});
  std::string_view input = "DELE 3\r\nDELE 1\r\nQUIT\r\n";
  next<SendReply>(session, input);
  next<SendReply>(session, input);
  EXPECT_EQ(next<AskCommit>(session, input).deleted, (std::vector<std::size_t>{1, 3}));
  EXPECT_FALSE(session.in_transaction());
  session.committed(true);
  EXPECT_EQ(next<SendReply>(session).octets, "+OK goodbye\r\n");
  next<Close>(session);
}

// What was offered and not taken is worth knowing.
TEST(Session, QuitWithNothingDeletedAsksToo) {
  Session session({});
  log_in(session, {{"a", 1}});
  std::string_view input = "QUIT\r\n";
  EXPECT_TRUE(next<AskCommit>(session, input).deleted.empty());
  session.committed(true);
  EXPECT_EQ(next<SendReply>(session).octets, "+OK goodbye\r\n");
  next<Close>(session);
}

TEST(Session, QuitFromAnEmptyMaildropAsksNothing) {
  Session session({});
  log_in(session, {});
  std::string_view input = "QUIT\r\n";
  EXPECT_EQ(next<SendReply>(session, input).octets, "+OK goodbye\r\n");
  next<Close>(session);
}

TEST(Session, KnowsWhetherAllUidsWereAskedFor) {
  Session session({});
  log_in(session, {{"a", 1}});
  std::string_view input = "STAT\r\nLIST\r\nUIDL 1\r\n";
  for (int i = 0; i < 3; ++i)
    next<SendReply>(session, input);
  EXPECT_FALSE(session.uids_told());
  input = "UIDL\r\n";
  next<SendReply>(session, input);
  EXPECT_TRUE(session.uids_told());
}

TEST(Session, LimitsComeFromTheOptions) {
  FakeDriver errors({.limits = {.errors_max = 2}});
  errors.receive("X\r\nX\r\nX\r\n");
  EXPECT_TRUE(errors.sent().ends_with("-ERR unknown command\r\n-ERR too many errors\r\n"));
  EXPECT_TRUE(errors.closed());

  FakeDriver logins({.limits = {.login_failures_max = 1}});
  logins.receive("USER foi\r\nPASS wrong\r\nNOOP\r\n");
  EXPECT_TRUE(logins.sent().ends_with("-ERR [AUTH] name or password is wrong\r\n"));
  EXPECT_TRUE(logins.closed());

  FakeDriver lines({.limits = {.command_octets_max = 10}});
  lines.receive("USER 12345\r\n");
  EXPECT_TRUE(lines.sent().ends_with("-ERR line too long\r\n"));
}

// The longest response that RFC 4616 section 2 allows fits, both ways (RFC 5034 section 4).
TEST(Session, TheLongestPlainResponseFits) {
  // 767 octets in base64: 255 times "a", NUL, 255 times "a", NUL, 255 times "b".
  std::string base64;
  for (int i = 0; i < 85; ++i)
    base64 += "YWFh";
  base64 += "AGFh";
  for (int i = 0; i < 84; ++i)
    base64 += "YWFh";
  base64 += "YQBi";
  for (int i = 0; i < 84; ++i)
    base64 += "YmJi";
  base64 += "YmI=";
  ASSERT_EQ(base64.size(), 1'024U);

  Session session({});
  session.greet();
  next<SendReply>(session);
  const std::string line = "AUTH PLAIN " + base64 + "\r\n";
  std::string_view input = line;
  const auto ask = next<AskLogin>(session, input);
  EXPECT_EQ(ask.user, std::string(255, 'a'));
  EXPECT_EQ(ask.password, std::string(255, 'b'));
}

TEST(Session, WhatComesBetweenStlsAndTheHandshakeClosesTheSession) {
  Session session({.stls = true});
  session.greet();
  next<SendReply>(session);
  std::string_view stls = "STLS\r\n";
  next<SendReply>(session, stls);
  std::string_view injected = "CAPA\r\n";
  next<Close>(session, injected);
}

TEST(Session, AfterTheHandshakeTheErrorsAreStillCounted) {
  FakeDriver driver({.stls = true, .limits = {.errors_max = 2}});
  driver.receive("X\r\n");
  driver.receive("STLS\r\n");
  ASSERT_TRUE(driver.handshake_due());
  driver.shake_hands();
  driver.receive("X\r\n");
  EXPECT_TRUE(driver.closed());
}

TEST(SessionDeathTest, TheDriverKeepsToTheContract) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Session session({});
        (void)session.step("");
      },
      "");
  EXPECT_DEATH(
      {
        Session session({});
        session.greet();
        session.logged_in({});
      },
      "");
  EXPECT_DEATH(
      {
        Session session({});
        session.greet();
        std::string_view input = "USER foi\r\nPASS secret\r\nNOOP\r\n";
        for (int i = 0; i < 9; ++i)
          next<SendReply>(session, input);
      },
      "");
}

}  // namespace
}  // namespace guichet::popd
