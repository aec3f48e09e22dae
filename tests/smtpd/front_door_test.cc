#include "smtpd/front_door.h"

#include <gtest/gtest.h>

namespace guichet::smtpd::test {
namespace {

using State = ReverseName::State;
using Texts = std::vector<std::string>;

DoorFacts facts() {
  return {.client = "192.0.2.1", .helo = "mail.example.org", .sender = "a@b.example", .dns = {}};
}

std::string reply_of(const DoorVerdict& verdict) {
  if (!verdict.refusal) return "taken";
  return std::to_string(verdict.refusal->code) + " " + verdict.refusal->enhanced;
}

std::string answer(const DoorRules& rules, const DoorFacts& facts) {
  return reply_of(judge(rules, facts));
}

// Everything against it, and everything turned on.
DoorRules strictest() {
  DoorRules rules;
  rules.greet_delay_ms = 1;
  rules.refuse_early_talkers = true;
  rules.lists = {{.zone = "bad.example", .weight = 5}};
  rules.when_listed = WhenListed::refuse;
  rules.greylist = true;
  rules.deny.add("0.0.0.0/0");
  return rules;
}

DoorFacts worst() {
  auto all = facts();
  all.early = true;
  all.dns.listings = {{"bad.example", "127.0.0.2", 5}};
  all.greylisting = Greylisting::first;
  return all;
}

TEST(FrontDoor, IsOpenWhenNothingIsTurnedOn) {
  const DoorRules rules;
  EXPECT_FALSE(rules.decides());
  EXPECT_EQ(answer(rules, worst()), "450 4.7.1") << "a listing that was asked for counts by itself";
  EXPECT_EQ(answer(rules, facts()), "taken");
  EXPECT_TRUE(tags(rules, facts()).empty());
}

TEST(FrontDoor, IsNoneForAGenuineAddress) {
  auto genuine = worst();
  EXPECT_EQ(answer(strictest(), genuine), "550 5.7.1");
  genuine.genuine = true;
  const auto verdict = judge(strictest(), genuine);
  EXPECT_EQ(reply_of(verdict), "taken");
  EXPECT_FALSE(verdict.ask_greylist);
}

TEST(FrontDoor, IsNoneForTrustedNetworks) {
  auto rules = strictest();
  rules.trusted.push_back(*parse_network("192.0.2.0/24"));
  EXPECT_EQ(answer(rules, worst()), "taken");
  EXPECT_TRUE(tags(rules, worst()).empty());
}

TEST(FrontDoor, AllowedWinsOverEverything) {
  for (const auto* entry : {"192.0.2.0/24", "192.0.2.1", "a@b.example", "@B.EXAMPLE"}) {
    auto rules = strictest();
    rules.allow.add(entry);
    EXPECT_EQ(answer(rules, worst()), "taken") << entry;
  }
}

TEST(FrontDoor, DeniedIsForGood) {
  DoorRules rules;
  rules.deny.add("@b.example");
  EXPECT_TRUE(rules.decides());
  const auto verdict = judge(rules, facts());
  EXPECT_EQ(reply_of(verdict), "550 5.7.1");
  EXPECT_EQ(verdict.reasons, Texts{"denied here: @b.example"});
  auto other = facts();
  other.sender = "a@c.example";
  EXPECT_EQ(answer(rules, other), "taken");
}

TEST(FrontDoor, EarlyTalkersAreTaggedOrRefused) {
  DoorRules rules;
  rules.greet_delay_ms = 1;
  auto early = facts();
  early.early = true;
  EXPECT_EQ(answer(rules, early), "taken");
  EXPECT_EQ(tags(rules, early), Texts{"early-talker"});
  rules.refuse_early_talkers = true;
  EXPECT_EQ(answer(rules, early), "554 5.5.0");
  EXPECT_EQ(answer(rules, facts()), "taken");
}

struct WeightCase {
  std::vector<Listing> listings;
  const char* defer;
  const char* refuse;
};

TEST(FrontDoor, WeighsTheLists) {
  const Listing two{"two.example", "127.0.0.2", 2}, one{"one.example", "127.0.0.3", 1},
      good{"good.example", "127.0.1.1", -1};
  const WeightCase cases[] = {{{}, "taken", "taken"},
                              {{one}, "taken", "taken"},
                              {{two}, "450 4.7.1", "550 5.7.1"},
                              {{one, one}, "450 4.7.1", "550 5.7.1"},
                              {{two, good}, "taken", "taken"},
                              {{two, one, good}, "450 4.7.1", "550 5.7.1"},
                              {{good}, "taken", "taken"}};
  DoorRules rules;
  rules.threshold = 2;
  for (const auto& each : cases) {
    auto listed = facts();
    listed.dns.listings = each.listings;
    rules.when_listed = WhenListed::defer;
    EXPECT_EQ(answer(rules, listed), each.defer);
    rules.when_listed = WhenListed::refuse;
    EXPECT_EQ(answer(rules, listed), each.refuse);
    rules.when_listed = WhenListed::tag;
    EXPECT_EQ(answer(rules, listed), "taken");
    EXPECT_EQ(tags(rules, listed).size(), each.listings.size());
  }
}

TEST(FrontDoor, SaysWhichListsSpeakAgainstAClient) {
  DoorRules rules;
  auto listed = facts();
  listed.dns.listings = {
      {"a.example", "127.0.0.2", 1}, {"good.example", "127.0.0.2", -1}, {"b.example", "127.0.0.4", 1}};
  const auto verdict = judge(rules, listed);
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->text, "client [192.0.2.1] is listed in a.example, b.example");
  EXPECT_EQ(tags(rules, listed), (Texts{"listed a.example 127.0.0.2", "allowed good.example 127.0.0.2",
                                        "listed b.example 127.0.0.4"}));
}

TEST(FrontDoor, AListThatIsSilentCountsForNothing) {
  DoorRules rules;
  rules.lists = {{.zone = "dead.example"}};
  auto unknown = facts();
  unknown.dns.silent = {"dead.example"};
  const auto verdict = judge(rules, unknown);
  EXPECT_EQ(reply_of(verdict), "taken");
  EXPECT_EQ(verdict.reasons.front(), "dead.example did not answer in time");
}

TEST(FrontDoor, GreylistsWhomNothingElseDecides) {
  DoorRules rules;
  rules.greylist = true;
  EXPECT_TRUE(judge(rules, facts()).ask_greylist);
  EXPECT_FALSE(judge(rules, facts()).refusal);
  const std::pair<Greylisting, const char*> cases[] = {{Greylisting::first, "450 4.7.1"},
                                                       {Greylisting::too_soon, "450 4.7.1"},
                                                       {Greylisting::waited, "taken"},
                                                       {Greylisting::known, "taken"},
                                                       {Greylisting::unavailable, "taken"}};
  for (const auto& [greylisting, expected] : cases) {
    auto asked = facts();
    asked.greylisting = greylisting;
    const auto verdict = judge(rules, asked);
    EXPECT_EQ(reply_of(verdict), expected);
    EXPECT_FALSE(verdict.ask_greylist);
  }
}

TEST(FrontDoor, DoesNotGreylistWhomListsAllow) {
  DoorRules rules;
  rules.greylist = true;
  auto good = facts();
  good.dns.listings = {{"good.example", "127.0.0.2", -1}};
  EXPECT_FALSE(judge(rules, good).ask_greylist);
  EXPECT_EQ(answer(rules, good), "taken");
}

TEST(FrontDoor, TagsWhatHeloSays) {
  DoorRules rules;
  rules.helo_checks = true;
  rules.hostname = "mx.example.test";
  const std::pair<const char*, const char*> cases[] = {
      {"", "helo-missing"},
      {"MX.example.TEST", "helo-is-ours"},
      {"localhost", "helo-no-name"},
      {"two words.example", "helo-no-name"},
      {"192.0.2.1", "helo-no-name"},
      {".example.org", "helo-no-name"},
      {"a..example.org", "helo-no-name"},
      {"[192.0.2.9]", "helo-other-address"},
      {"[nonsense]", "helo-no-name"},
      {"[192.0.2.1]", ""},
      {"[IPv6:::ffff:192.0.2.1]", ""},
      {"mail.example.org", ""},
      {"mail_1.example.org.", ""},
  };
  for (const auto& [helo, tag] : cases) {
    auto said = facts();
    said.helo = helo;
    EXPECT_EQ(tags(rules, said), *tag ? Texts{tag} : Texts{}) << helo;
    EXPECT_EQ(answer(rules, said), "taken") << helo;
  }
}

TEST(FrontDoor, KnowsAnAnswerOfAListByItsMask) {
  const DoorList any{.zone = "a.example"}, masked{.zone = "a.example", .answer = "127.0.0.*"};
  EXPECT_TRUE(counts(any, "127.0.0.2"));
  EXPECT_TRUE(counts(any, "127.0.5.1"));
  EXPECT_FALSE(counts(any, "127.255.255.254")) << "the list says that it was asked wrongly";
  EXPECT_FALSE(counts(any, "203.0.113.9")) << "a zone that was given up, and answers everything";
  EXPECT_TRUE(counts(masked, "127.0.0.9"));
  EXPECT_FALSE(counts(masked, "127.0.1.2"));
}

}  // namespace
}  // namespace guichet::smtpd::test
