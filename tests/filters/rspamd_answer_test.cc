#include "filters/rspamd_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>

namespace guichet::filters {
namespace {

using testing::HasSubstr;
using Kind = Unscanned::Kind;

TEST(RspamdAnswer, BecomesFacts) {
  const auto verdict = rspamd_verdict(R"({
    "is_skipped": false, "score": 7.25, "required_score": 15, "action": "add header",
    "symbols": {
      "SMALL": {"name": "SMALL", "score": 0.5, "metric_score": 9, "options": ["x", {"score": 99}]},
      "GOOD": {"name": "GOOD", "score": -3, "description": "signed"},
      "LARGE": {"name": "LARGE", "score": 9.75}
    },
    "messages": {"smtp_message": "Go away", "other": "x"}, "message-id": "undef", "time_real": 0.06,
    "milter": {"score": 1, "symbols": {"NOT_ONE": {"score": 5}}}})");
  ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
  EXPECT_EQ(*verdict, (RspamdVerdict{.score = 7.25,
                                     .required_score = 15,
                                     .action = SpamAction::add_header,
                                     .symbols = {{"LARGE", 9.75}, {"GOOD", -3}, {"SMALL", 0.5}},
                                     .smtp_message = "Go away"}));
}

TEST(RspamdAnswer, KnowsEveryAction) {
  for (const auto* word :
       {"no action", "greylist", "add header", "rewrite subject", "soft reject", "reject"}) {
    const auto verdict = rspamd_verdict(R"({"score":1,"action":")" + std::string(word) + R"("})");
    ASSERT_TRUE(verdict.has_value()) << word;
    EXPECT_EQ(name_of(verdict->action), word);
    EXPECT_EQ(verdict->required_score, std::nullopt);
  }
  EXPECT_EQ(rspamd_verdict(R"({"score":1,"action":"Reject"})")->action, SpamAction::other);
}

TEST(RspamdAnswer, IsNonsenseWithoutAScoreThatIsOne) {
  const auto deep = std::string(rspamd_answer_octets_max, '[');
  for (const std::string answer : {"",
                                   "OK",
                                   "[]",
                                   "[7]",
                                   "7",
                                   "null",
                                   "{}",
                                   R"({"action":"reject"})",
                                   R"({"score":1})",
                                   R"({"score":NaN,"action":"reject"})",
                                   R"({"score":nan,"action":"reject"})",
                                   R"({"score":Infinity,"action":"reject"})",
                                   R"({"score":1e999,"action":"reject"})",
                                   R"({"score":-1e999,"action":"reject"})",
                                   R"({"score":100001,"action":"reject"})",
                                   R"({"score":-100001,"action":"reject"})",
                                   R"({"score":18446744073709551615,"action":"reject"})",
                                   R"({"score":"7","action":"reject"})",
                                   R"({"score":null,"action":"reject"})",
                                   R"({"score":{"score":1},"action":"reject"})",
                                   R"({"score":[1],"action":"reject"})",
                                   R"([{"score":1,"action":"reject"}])",
                                   R"({"default":{"score":1,"action":"reject"}})",
                                   R"({"score":1,"action":7})",
                                   R"({"score":1,"action":""})",
                                   R"({"score":1,"action":"reject")",
                                   R"({"score":1,"action":"reject"} x)",
                                   R"({"score":1,"action":"rej)",
                                   R"({"error":"no"})",
                                   R"({"score":5,"score":1e6,"action":"reject"})"}) {
    const auto verdict = rspamd_verdict(answer);
    ASSERT_FALSE(verdict.has_value()) << answer;
    EXPECT_EQ(verdict.error().kind, Kind::nonsense) << answer;
  }
  EXPECT_FALSE(rspamd_verdict(deep).has_value());
  EXPECT_FALSE(rspamd_verdict(R"({"x":)" + deep.substr(10)).has_value());
  EXPECT_THAT(rspamd_verdict(deep + "[").error().why, HasSubstr("too long"));
}

TEST(RspamdAnswer, IsReadThoughItRepeatsWhatStrangersWrote) {
  const auto verdict = rspamd_verdict(
      "{\"message-id\":\"\xff\x01\n\xc3\x28\",\"score\":1,\"action\":\"no action\","
      "\"symbols\":{\"A\xc3\xa9\":{\"score\":1}},\"messages\":{\"smtp_message\":\"a\\r\\n250 ok\\u001b\"}}");
  ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
  EXPECT_EQ(verdict->symbols.at(0).name, "A??");
  EXPECT_EQ(verdict->smtp_message, "a??250 ok?");
}

TEST(RspamdAnswer, KeepsTheHeaviestSymbols) {
  std::string symbols;
  for (int i = 0; i < 1000; ++i)
    symbols += (i ? ",\"S" : "\"S") + std::to_string(i) + "\":{\"score\":" + std::to_string(-i) + "}";
  const auto verdict = rspamd_verdict(R"({"score":1,"action":"reject","symbols":{)" + symbols + "}}");
  ASSERT_TRUE(verdict.has_value());
  ASSERT_EQ(verdict->symbols.size(), symbols_max);
  EXPECT_EQ(verdict->symbols.front(), (SpamSymbol{"S999", -999}));
  EXPECT_EQ(verdict->symbols.back().name, "S800");
}

TEST(RspamdAnswer, TakesAWeightThatIsNoneForNoWeight) {
  const auto verdict = rspamd_verdict(
      R"({"score":1,"action":"reject","required_score":1e300,
      "symbols":{"A":{"score":"x"},"B":7,"C":{"score":1e9},
      "D":[{"score":3}],"E":{"score":2}}})");
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->required_score, std::nullopt);
  EXPECT_EQ(verdict->symbols, (std::vector<SpamSymbol>{{"E", 2}, {"A", 0}, {"C", 0}}));
}

TEST(RspamdAnswer, TakesNothingFromWithinAList) {
  const auto verdict = rspamd_verdict(
      R"({"messages":{"smtp_message":"x"},"symbols":[{"score":3}],"score":1,"action":"reject","x":[{"score":9}]})");
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->score, 1);
  EXPECT_TRUE(verdict->symbols.empty());
}

TEST(RspamdAnswer, ThatItSkippedTheMessageIsNoVerdict) {
  const auto verdict = rspamd_verdict(R"({"is_skipped":true,"score":0,"action":"no action"})");
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, Kind::declined);
}

TEST(SpamHeader, BeginsWithTheNumber) {
  const std::pair<double, const char*> rows[] = {
      {7.2, "7.2"},    {7.25, "7.2"}, {7.26, "7.3"},   {-3.14, "-3.1"},         {0, "0.0"},
      {-0.04, "0.0"},  {0.05, "0.1"}, {15, "15.0"},    {score_max, "100000.0"}, {-score_max, "-100000.0"},
      {1e-300, "0.0"}, {-0.0, "0.0"}, {99.96, "100.0"}};
  for (const auto& [score, text] : rows)
    EXPECT_EQ(spam_header(score), text);
}

TEST(SpamHeader, HasAPointInEveryLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const auto* name : {"de_DE.UTF-8", "fr_FR.UTF-8"})
    if (std::setlocale(LC_ALL, name)) {
      EXPECT_EQ(spam_header(7.2), "7.2") << name;
    }
  std::setlocale(LC_ALL, before.c_str());
  EXPECT_EQ(spam_header(1234567.0 / 100), "12345.7");
}

}  // namespace
}  // namespace guichet::filters
