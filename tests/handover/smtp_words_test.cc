// What is said to the next mail server, and what its words mean.
#include "handover/smtp_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guichet::handover {
namespace {

using Kind = Outcome::Kind;
using ::testing::HasSubstr;

const SmtpExtensions nothing{}, everything{.size = true, .eight_bit_mime = true, .utf8 = true};

SmtpEnvelope envelope(std::string from, std::string to = "postmaster@example.test") {
  return {
      .mail_from = std::move(from), .recipient = std::move(to), .utf8_declared = false, .size_octets = 42};
}

TEST(SmtpExtensions, AreTheKeywordsAfterTheGreeting) {
  const auto found = extensions_of("250-SIZE.example SMTPUTF8\n250-size 1000\n250-8bitMIME\n250 HELP\n");
  EXPECT_TRUE(found.size);
  EXPECT_TRUE(found.eight_bit_mime);
  EXPECT_FALSE(found.utf8) << "what the greeting says announces nothing";
  EXPECT_TRUE(extensions_of("250-x\n250 SMTPUTF8\n").utf8);
  EXPECT_FALSE(extensions_of("250-x\n250 SMTPUTF8-NOT\n250").utf8);
  EXPECT_FALSE(extensions_of("").size);
}

TEST(MailCommand, SaysWhatWasAnnounced) {
  EXPECT_EQ(mail_command(envelope("a@b.example"), nothing), "MAIL FROM:<a@b.example>");
  EXPECT_EQ(mail_command(envelope(""), SmtpExtensions{.size = true}), "MAIL FROM:<> SIZE=42");
  EXPECT_EQ(mail_command(envelope("a@b.example"), everything),
            "MAIL FROM:<a@b.example> SIZE=42 BODY=8BITMIME");
}

TEST(MailCommand, SaysSmtputf8WhereItIsNeeded) {
  EXPECT_EQ(mail_command(envelope("j\u00e9@b.example"), everything),
            "MAIL FROM:<j\u00e9@b.example> SIZE=42 BODY=8BITMIME SMTPUTF8");
  EXPECT_THAT(mail_command(envelope("a@b.example", "j\u00e9@b.example"), everything), HasSubstr(" SMTPUTF8"));
  auto declared = envelope("a@b.example");
  declared.utf8_declared = true;
  EXPECT_THAT(mail_command(declared, everything), HasSubstr(" SMTPUTF8"));
  EXPECT_EQ(mail_command(declared, nothing), "MAIL FROM:<a@b.example>");
}

TEST(Obstacle, IsAnAddressThatTheNextServerCannotTake) {
  EXPECT_FALSE(obstacle_of(envelope("a@b.example"), nothing));
  EXPECT_FALSE(obstacle_of(envelope(""), nothing));
  EXPECT_FALSE(obstacle_of(envelope("j\u00e9@b.example"), everything));
  EXPECT_THAT(obstacle_of(envelope("j\u00e9@b.example"), nothing).value_or(""),
              HasSubstr("address of the sender is not ASCII"));
  EXPECT_THAT(obstacle_of(envelope("a@b.example", "j\u00e9@b.example"), nothing).value_or(""),
              HasSubstr("address of the recipient is not ASCII"));
  auto declared = envelope("a@b.example");
  declared.utf8_declared = true;
  EXPECT_FALSE(obstacle_of(declared, nothing)) << "the header is sent as it is";
}

TEST(Obstacle, IsAnAddressThatNobodyTakes) {
  EXPECT_THAT(obstacle_of(envelope("j\xe9@b.example"), everything).value_or(""), HasSubstr("nor UTF-8"));
  EXPECT_THAT(obstacle_of(envelope("a@b\r\nRCPT TO:<x@y>"), everything).value_or(""),
              HasSubstr("control characters"));
}

TEST(ReplyOfSmtp, IsAboutTheMessageOrAboutAll) {
  for (const auto* command : {"MAIL FROM:<>", "RCPT TO:<a@b>", "DATA"}) {
    EXPECT_EQ(meaning_of_reply(550, command), Kind::refused_for_good);
    EXPECT_EQ(meaning_of_reply(451, command), Kind::refused_for_now);
    EXPECT_EQ(meaning_of_reply(421, command), Kind::unreachable);
    EXPECT_EQ(meaning_of_reply(0, command), Kind::unreachable);
    EXPECT_EQ(meaning_of_reply(250, command), Kind::unreachable) << "cut off after it";
  }
  for (const auto* command : {"", "EHLO x", "STARTTLS"})
    EXPECT_EQ(meaning_of_reply(554, command), Kind::unreachable);
}

std::string stuffed(std::initializer_list<std::string_view> pieces) {
  DotStuffing stuffing;
  std::string out;
  for (const auto piece : pieces)
    stuffing.feed(piece, out);
  stuffing.finish(out);
  return out;
}

TEST(DotStuffing, DoublesADotAtTheBeginningOfALine) {
  EXPECT_EQ(stuffed({".\r\n..x\r\na.b\r\n"}), "..\r\n...x\r\na.b\r\n.\r\n");
  EXPECT_EQ(stuffed({}), ".\r\n");
  EXPECT_EQ(stuffed({"no end"}), "no end\r\n.\r\n");
}

TEST(DotStuffing, IsTheSameHoweverTheOctetsAreCut) {
  const std::string_view octets = ".\r\n..x\r\n\r\n.";
  for (std::size_t cut = 0; cut <= octets.size(); ++cut)
    EXPECT_EQ(stuffed({octets.substr(0, cut), octets.substr(cut)}), stuffed({octets})) << cut;
}

}  // namespace
}  // namespace guichet::handover
