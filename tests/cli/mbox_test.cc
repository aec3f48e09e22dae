#include "cli/mbox.h"

#include <gtest/gtest.h>

#include <vector>

namespace guichet::cli {
namespace {

const std::string line_1 = "From a@b.example Wed Oct  3 16:39:35 2012";
const std::string line_2 = "From c@d.example Wed Oct  3 16:39:36 2012";

struct Message {
  std::string from_line;
  std::uint64_t offset = 0;
  std::string octets;
  bool ambiguous = false;
  friend bool operator==(const Message&, const Message&) = default;
};

struct Read {
  std::vector<Message> messages;
  std::uint64_t outside = 0;
  friend bool operator==(const Read&, const Read&) = default;
};

// In two pieces, cut at `cut`.
Read read(const std::string& mbox, FromQuoting quoting, std::size_t cut) {
  Read all;
  bool open = false;
  MboxReader reader(quoting,
                    {.begin =
                         [&](std::string_view line, std::uint64_t offset) {
                           EXPECT_FALSE(std::exchange(open, true));
                           all.messages.push_back({std::string(line), offset, "", false});
                         },
                     .octets = [&](std::string_view octets) { all.messages.back().octets += octets; },
                     .end =
                         [&](MboxReader::Ended ended) {
                           EXPECT_TRUE(std::exchange(open, false));
                           all.messages.back().ambiguous = ended.ambiguous;
                         }});
  reader.feed(std::string_view(mbox).substr(0, cut));
  reader.feed(std::string_view(mbox).substr(cut));
  reader.finish();
  EXPECT_FALSE(open);
  all.outside = reader.octets_outside();
  return all;
}

Read read(const std::string& mbox, FromQuoting quoting = FromQuoting::unsaid) {
  const auto whole = read(mbox, quoting, 0);
  for (std::size_t cut = 1; cut < mbox.size(); ++cut)
    EXPECT_EQ(read(mbox, quoting, cut), whole) << cut;
  return whole;
}

std::string octets_of(const std::string& body, FromQuoting quoting) {
  const auto all = read(line_1 + "\n" + body, quoting);
  return all.messages.size() == 1 ? all.messages[0].octets : "not one message";
}

TEST(Mbox, TheEmptyLineBeforeAFromLineIsTheMboxsOwn) {
  const auto all = read(line_1 + "\nA: 1\n\none\n\n" + line_2 + "\nA: 2\n\ntwo\n\n\n");
  ASSERT_EQ(all.messages.size(), 2u);
  EXPECT_EQ(all.messages[0], (Message{line_1, 0, "A: 1\n\none\n", false}));
  EXPECT_EQ(all.messages[1], (Message{line_2, line_1.size() + 12, "A: 2\n\ntwo\n\n", false}));
  EXPECT_EQ(all.outside, 0u);
}

TEST(Mbox, LineEndsAreKept) {
  const auto all = read(line_1 + "\r\nA: 1\r\n\r\none\r\n\r\n" + line_2 + "\r\nA\n\rB\r");
  ASSERT_EQ(all.messages.size(), 2u);
  EXPECT_EQ(all.messages[0].from_line, line_1);
  EXPECT_EQ(all.messages[0].octets, "A: 1\r\n\r\none\r\n");
  EXPECT_EQ(all.messages[1].octets, "A\n\rB\r");
}

TEST(Mbox, TextThatBeginsWithFromBeginsNoMessage) {
  const auto text = "A: 1\n\nFrom the beginning\n" + line_2 + " is in the middle of a paragraph\n";
  EXPECT_EQ(octets_of(text, FromQuoting::unsaid), text);
}

TEST(Mbox, TheDialectsDifferInWhatHasSeveralQuotes) {
  const std::string body = "A: 1\n\n>From me\n>>From you\n> From all\n";
  EXPECT_EQ(octets_of(body, FromQuoting::mboxrd), "A: 1\n\nFrom me\n>From you\n> From all\n");
  EXPECT_EQ(octets_of(body, FromQuoting::mboxo), "A: 1\n\nFrom me\n>>From you\n> From all\n");
  EXPECT_EQ(octets_of(body, FromQuoting::none), body);
  EXPECT_TRUE(read(line_1 + "\n" + body).messages[0].ambiguous);
  EXPECT_FALSE(read(line_1 + "\n" + body, FromQuoting::mboxo).messages[0].ambiguous);
  EXPECT_FALSE(read(line_1 + "\n\n>From me\n").messages[0].ambiguous);
}

TEST(Mbox, WhatIsNoMboxIsToldApart) {
  EXPECT_EQ(read("Subject: hi\n\nhello\n").outside, 18u);
  EXPECT_EQ(read("Subject: hi\n\nhello\n").messages.size(), 0u);
  EXPECT_EQ(read("\n\n" + line_1 + "\nA: 1\n").messages.size(), 1u);
  EXPECT_EQ(read("").outside, 0u);
}

std::string written(const std::string& message, std::size_t cut) {
  std::string mbox;
  MboxWriter writer([&](std::string_view octets) { mbox += octets; });
  writer.begin(line_1);
  writer.feed(std::string_view(message).substr(0, cut));
  writer.feed(std::string_view(message).substr(cut));
  EXPECT_EQ(writer.end(), !message.empty() && message.back() != '\n');
  return mbox;
}

TEST(Mbox, WhatIsWrittenIsReadBackWhereverItIsCut) {
  for (const std::string message :
       {"", "\n", "From ", "From a\n", ">From a\r\n>>From b\r\n\r\n", "x\n\n\n", "F\nFr\n>>\n",
        "A: 1\r\n\r\nFrom a@b.example Wed Oct  3 16:39:35 2012\r\n", ">>Fro", "\r", "a\rFrom b\n"}) {
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
      const auto all = read(written(message, cut) + written("next\n", 0), FromQuoting::mboxrd, 0);
      ASSERT_EQ(all.messages.size(), 2u) << message;
      const bool ended = message.empty() || message.back() == '\n';
      EXPECT_EQ(all.messages[0].octets, message + (ended ? "" : "\n"));
      EXPECT_EQ(all.messages[1].octets, "next\n");
    }
  }
}

}  // namespace
}  // namespace guichet::cli
