#include "popd/grammar.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace guichet::popd {
namespace {

Command parsed(std::string_view line) {
  const auto result = parse_command(line);
  EXPECT_TRUE(std::holds_alternative<Command>(result)) << line;
  return std::holds_alternative<Command>(result) ? std::get<Command>(result) : Command{};
}

void expect_fault(std::string_view line, Fault fault) {
  const auto result = parse_command(line);
  ASSERT_TRUE(std::holds_alternative<Fault>(result)) << line;
  EXPECT_EQ(std::get<Fault>(result), fault) << line;
}

// A line that fits the shape of the rule.
std::string example(const Rule& rule) {
  switch (rule.shape) {
    case Shape::none:
    case Shape::optional_number:
      return std::string(rule.name);
    case Shape::text:
      return std::string(rule.name) + " x";
    case Shape::number:
      return std::string(rule.name) + " 1";
    case Shape::number_and_count:
      return std::string(rule.name) + " 1 2";
  }
  return {};
}

TEST(Grammar, EveryRuleIsFoundByItsName) {
  std::set<Verb> verbs;
  for (const Rule& rule : rules()) {
    EXPECT_EQ(parsed(example(rule)).verb, rule.verb);
    EXPECT_EQ(parsed(example(rule)).states, rule.states);
    verbs.insert(rule.verb);
  }
  EXPECT_EQ(verbs.size(), rules().size());
}

TEST(Grammar, CaseOfTheVerbIsIgnored) {
  EXPECT_EQ(parsed("rEtR 7").verb, Verb::retr);
  EXPECT_TRUE(same_word("plain", "PLAIN"));
  EXPECT_FALSE(same_word("plain", "PLAI"));
  EXPECT_FALSE(same_word("[", "{"));
}

TEST(Grammar, TextIsTheRestOfTheLineExactly) {
  EXPECT_EQ(parsed("PASS secret").text, "secret");
  EXPECT_EQ(parsed("PASS  two  words ").text, " two  words ");
  EXPECT_EQ(parsed("PASS  ").text, " ");
  expect_fault("PASS", Fault::argument);
  expect_fault("PASS ", Fault::argument);
}

TEST(Grammar, NumbersAreDigitsAndNothingElse) {
  EXPECT_EQ(parsed("RETR 01").number, 1U);
  EXPECT_EQ(parsed("RETR 18446744073709551615").number, 18446744073709551615U);
  for (const char* bad : {"RETR", "RETR ", "RETR  1", "RETR +1", "RETR -1", "RETR 1 ", "RETR 1x", "RETR 0x1",
                          "RETR 18446744073709551616", "RETR 1 2", "RETR one"}) {
    expect_fault(bad, Fault::argument);
  }
}

TEST(Grammar, ListTakesOneNumberOrNone) {
  EXPECT_EQ(parsed("LIST").number, std::nullopt);
  EXPECT_EQ(parsed("LIST ").number, std::nullopt);
  EXPECT_EQ(parsed("LIST 3").number, 3U);
  expect_fault("LIST all", Fault::argument);
}

TEST(Grammar, TopTakesTwoNumbers) {
  EXPECT_EQ(parsed("TOP 2 10").number, 2U);
  EXPECT_EQ(parsed("TOP 2 10").count, 10U);
  for (const char* bad :
       {"TOP", "TOP 1", "TOP 1 ", "TOP  1", "TOP 1  2", "TOP 1 2 3", "TOP 1 -2", "TOP x 2"}) {
    expect_fault(bad, Fault::argument);
  }
}

TEST(Grammar, CommandsWithoutArgumentTakeNone) {
  for (const char* bad : {"STAT 1", "QUIT now", "NOOP  ", "CAPA x", "STLS x", "RSET 1"}) {
    expect_fault(bad, Fault::argument);
  }
}

TEST(Grammar, ControlOctetsAreRefusedEverywhere) {
  for (int octet = 0; octet < 0x20; ++octet) {
    expect_fault(std::string("PASS a") + static_cast<char>(octet) + "b", Fault::control_octet);
  }
  expect_fault("PASS a\x7F", Fault::control_octet);
  EXPECT_EQ(parsed("PASS \x80\xFF").text, "\x80\xFF");
}

TEST(Grammar, UnknownVerbs) {
  for (const char* bad : {"", " ", " STAT", "STA", "STATS", "GET / HTTP/1.1", "UTF-8", "\xC3\xA9"}) {
    expect_fault(bad, Fault::unknown_verb);
  }
}

}  // namespace
}  // namespace guichet::popd
