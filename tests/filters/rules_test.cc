#include "filters/rules.h"

#include <gtest/gtest.h>

#include <vector>

namespace guichet::filters {
namespace {

TEST(Rules, AStarStandsForAnything) {
  for (const auto& [pattern, text] : std::vector<std::pair<std::string, std::string>>{{"*", ""},
                                                                                      {"*", "x"},
                                                                                      {"*.exe", "A.EXE"},
                                                                                      {"a*b*c", "axxbyyc"},
                                                                                      {"a*b", "abab"},
                                                                                      {"", ""},
                                                                                      {"*.*.fr", "a.b.fr"}})
    EXPECT_TRUE(matches(pattern, text)) << pattern << ' ' << text;
  for (const auto& [pattern, text] : std::vector<std::pair<std::string, std::string>>{
           {"", "x"}, {"*.exe", "a.exe.pdf"}, {"a*b", "abc"}, {"gouv.fr", "xgouv.fr"}, {"a*b*c", "acb"}})
    EXPECT_FALSE(matches(pattern, text)) << pattern << ' ' << text;
}

// A pattern with many stars against a long text is not tried in all ways.
TEST(Rules, AHostileNameCostsLittle) {
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*b", std::string(100'000, 'a')));
}

class RulesTest : public testing::Test {
 protected:
  RulesTest() {
    facts.recipients = {"foi+request-1-abcdef12@example.test", "foi@other.test"};
    facts.classes = {"GENUINE", "PREFIX"};
    facts.mail_from = "clerk@mairie.example";
    facts.size_octets = 1000;
    verdict.findings.spf.emplace().result = AuthResult::softfail;
    verdict.findings.dmarc.emplace().result = AuthResult::fail;
    verdict.findings.dmarc->from_domain = "interieur.gouv.fr";
    verdict.findings.dkim_done = true;
    verdict.findings.mime.emplace();
    auto& part = verdict.findings.mime->parts.emplace_back();
    part.flags = {"encrypted-archive"}, part.type = "application/pdf", part.name = "R\u00e9ponse.PDF";
    verdict.findings.mime->message_class = "bounce";
    RspamdVerdict spam;
    spam.score = 7.5;
    verdict.spam = spam;
    verdict.virus = ClamdVerdict{.kind = ClamdVerdict::Kind::clean, .name = {}};
  }

  RuleFacts facts;
  Verdict verdict;
};

TEST_F(RulesTest, EachConditionHoldsOrNot) {
  const auto rule = [](auto set) {
    Rule made;
    set(made);
    return made;
  };
  for (const auto& yes :
       {rule([](Rule& r) { r.recipients = {"*@other.test"}; }), rule([](Rule& r) { r.classes = {"PREFIX"}; }),
        rule([](Rule& r) { r.from_domains = {"*.gouv.fr"}; }), rule([](Rule& r) {
          r.sender_domains = {"x", "MAIRIE.example"};
        }),
        rule([](Rule& r) {
          r.spf = {"fail", "softfail"};
        }),
        rule([](Rule& r) { r.dkim = {"none"}; }), rule([](Rule& r) { r.dmarc = {"fail"}; }),
        rule([](Rule& r) { r.kinds = {"bounce"}; }), rule([](Rule& r) { r.files = {"*.pdf"}; }),
        rule([](Rule& r) { r.files = {"application/pdf"}; }), rule([](Rule& r) { r.virus = {"clean"}; }),
        rule([](Rule& r) { r.spam_score_min = 7; }), rule([](Rule& r) { r.size_octets_min = 1000; })})
    EXPECT_TRUE(holds(yes, facts, verdict));
  for (const auto& no :
       {rule([](Rule& r) { r.recipients = {"other.test"}; }), rule([](Rule& r) { r.classes = {"LOCAL"}; }),
        rule([](Rule& r) { r.from_domains = {"gouv.fr"}; }), rule([](Rule& r) { r.sender_domains = {"<>"}; }),
        rule([](Rule& r) { r.spf = {"pass"}; }), rule([](Rule& r) { r.dkim = {"pass"}; }),
        rule([](Rule& r) { r.dmarc = {"none"}; }), rule([](Rule& r) { r.kinds = {"ordinary"}; }),
        rule([](Rule& r) { r.files = {"*.exe"}; }), rule([](Rule& r) { r.virus = {"unscanned"}; }),
        rule([](Rule& r) { r.spam_score_min = 8; }), rule([](Rule& r) { r.size_octets_min = 1001; }),
        rule([](Rule& r) { r.unjudged = true; })})
    EXPECT_FALSE(holds(no, facts, verdict));
}

TEST_F(RulesTest, AllConditionsOfARuleMustHold) {
  Rule rule;
  rule.spf = {"softfail"};
  rule.dmarc = {"pass"};
  EXPECT_FALSE(holds(rule, facts, verdict));
}

TEST_F(RulesTest, WhatWasNotFoundOutIsNoResult) {
  verdict = {};
  Rule rule;
  rule.dkim = {"none"};
  EXPECT_FALSE(holds(rule, facts, verdict)) << "nobody looked";
  rule = {};
  rule.virus = {"unscanned"};
  EXPECT_FALSE(holds(rule, facts, verdict)) << "nobody was to look";
  verdict.virus = unscanned(Unscanned::Kind::down, "nobody there");
  EXPECT_TRUE(holds(rule, facts, verdict));
  rule = {};
  rule.unjudged = true;
  EXPECT_TRUE(holds(rule, facts, verdict));
}

TEST_F(RulesTest, OneSignatureThatPassesIsEnough) {
  verdict.findings.dkim.resize(2);
  verdict.findings.dkim[0].result = AuthResult::fail;
  verdict.findings.dkim[1].result = AuthResult::pass;
  Rule rule;
  rule.dkim = {"pass"};
  EXPECT_TRUE(holds(rule, facts, verdict));
  rule.dkim = {"fail"};
  EXPECT_FALSE(holds(rule, facts, verdict));
  verdict.findings.dkim[1].partial = true;
  rule.dkim = {"pass"};
  EXPECT_FALSE(holds(rule, facts, verdict)) << "anybody can have appended something";
}

TEST_F(RulesTest, TheFirstThatHoldsCounts) {
  std::vector<Rule> rules(3);
  rules[0].name = "never", rules[0].spf = {"pass"};
  rules[1].name = "wait", rules[1].spf = {"softfail"}, rules[1].action = Action::wait;
  rules[2].name = "last", rules[2].classes = {"GENUINE"};
  EXPECT_EQ(first_that_holds(rules, facts, verdict, false)->name, "wait");
  EXPECT_EQ(first_that_holds(rules, facts, verdict, true)->name, "last");
  facts.classes.clear();
  EXPECT_EQ(first_that_holds(rules, facts, verdict, true), nullptr);
}

TEST_F(RulesTest, TheNullSenderHasItsSign) {
  facts.mail_from.clear();
  Rule rule;
  rule.sender_domains = {"<>"};
  EXPECT_TRUE(holds(rule, facts, verdict));
  rule.sender_domains = {"*"};
  EXPECT_FALSE(holds(rule, facts, verdict));
}

TEST_F(RulesTest, AVerdictIsOneObject) {
  verdict.spam = unscanned(Unscanned::Kind::timed_out, "no answer in 10 s");
  verdict.findings.errors = {"the worker died"};
  EXPECT_EQ(why_unjudged(verdict), "the worker died; spam: no answer in 10 s");
  const auto json = encode_verdict(verdict, RuleNote{"last", "tag"}, "nobody vouches for it");
  EXPECT_NE(json.find(R"("spam":{"unscanned":"timed out","why":"no answer in 10 s"})"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("virus":{"result":"clean"},"rule":{"name":"last","action":"tag"},"words":"nobody)"),
            std::string::npos)
      << json;
}

}  // namespace
}  // namespace guichet::filters
