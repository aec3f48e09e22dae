// Records that are made to cost: each ends within the bound, and with the result that RFC 7208 4.6.4 names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "filters/spf.h"
#include "tests/filters/names_fake.h"

namespace guichet::filters {
namespace {

using testing::HasSubstr;

class SpfLimit : public testing::Test {
 protected:
  NamesFake names;
  SpfQuestion question{.client = "192.0.2.1", .helo = "mail.example.org", .mail_from = "anna@example.org"};

  void record(std::string text, std::string_view name = "example.org") {
    names.add(name, NameType::txt, std::move(text));
  }
  SpfFinding check() {
    auto found = check_spf(names, question);
    EXPECT_LE(names.queries(), question.limits.queries_max);
    EXPECT_LE(names.voids(), question.limits.voids_max + 1);
    EXPECT_LE(found.terms, question.limits.terms_max + 1);
    return found;
  }
  void expect(AuthResult result, std::string_view why) {
    const auto found = check();
    EXPECT_EQ(found.result, result) << found.explanation;
    EXPECT_THAT(found.explanation, HasSubstr(why));
  }
  // `count` terms "a:hN.example.org" that are found and do not match.
  std::string addresses(int count, const std::string& prefix = "h") {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const auto name = prefix + std::to_string(i) + ".example.org";
      names.add(name, NameType::a, "198.51.100.1");
      text += " a:" + name;
    }
    return text;
  }
  void exchanges(int count, const std::string& of, const std::string& prefix) {
    for (int i = 0; i < count; ++i) {
      const auto name = prefix + std::to_string(i) + ".example.org";
      names.add(of, NameType::mx, std::to_string(i) + " " + name);
      names.add(name, NameType::a, "198.51.100.1");
    }
  }
};

TEST_F(SpfLimit, TenTermsAsk) {
  record("v=spf1" + addresses(10) + " ip4:203.0.113.1 -all");
  const auto found = check();
  EXPECT_EQ(found.result, AuthResult::fail);
  EXPECT_EQ(found.terms, 10u);
  EXPECT_EQ(names.queries(), 11u);
}

TEST_F(SpfLimit, TheEleventhIsAnError) {
  record("v=spf1" + addresses(11) + " -all");
  expect(AuthResult::permerror, "more than 10 terms");
  EXPECT_EQ(names.queries(), 11u) << "it is not asked any more";
}

TEST_F(SpfLimit, TheEleventhMayBeARedirect) {
  record("v=spf1" + addresses(10) + " redirect=next.example.org");
  record("v=spf1 +all", "next.example.org");
  expect(AuthResult::permerror, "more than 10 terms");
}

TEST_F(SpfLimit, ATermThatNothingIsAskedForCountsAsWell) {
  record(
      "v=spf1 a:x..example.org a:x..example.org a:x..example.org a:x..example.org a:x..example.org "
      "a:x..example.org a:x..example.org a:x..example.org a:x..example.org a:x..example.org a:x..example.org "
      "+all");
  expect(AuthResult::permerror, "more than 10 terms");
}

// Nine includes in each record, five deep: libspf2 asks 66,430 times.
TEST_F(SpfLimit, NestedIncludesAreOneCount) {
  names.otherwise = [](const NameQuestion& asked) {
    std::string text = "v=spf1";
    for (int i = 0; i < 9; ++i)
      text += " include:i" + std::to_string(i) + "." + asked.name;
    return NameAnswer{NameAnswer::Outcome::found, {text + " -all"}};
  };
  expect(AuthResult::permerror, "more than 10 terms");
  EXPECT_EQ(names.queries(), 11u);
}

TEST_F(SpfLimit, ARecordMayNotIncludeItselfForEver) {
  record("v=spf1 include:example.org -all");
  expect(AuthResult::permerror, "more than 10 terms");
  EXPECT_EQ(names.queries(), 1u);
}

TEST_F(SpfLimit, NorRedirectToItself) {
  record("v=spf1 redirect=example.org");
  expect(AuthResult::permerror, "more than 10 terms");
}

TEST_F(SpfLimit, NorGrowForEver) {
  record("v=spf1 redirect=x.%{d}");
  names.otherwise = [](const NameQuestion&) {
    return NameAnswer{NameAnswer::Outcome::found, {"v=spf1 include:%{d}.%{d}.%{d} -all"}};
  };
  expect(AuthResult::permerror, "more than 10 terms");
  for (const auto& asked : names.questions())
    EXPECT_LE(asked.name.size(), 253u);
}

TEST_F(SpfLimit, TwoLookUpsMayFindNothing) {
  record("v=spf1 a:no1.example.org exists:no2.example.org -all");
  const auto found = check();
  EXPECT_EQ(found.result, AuthResult::fail);
  EXPECT_EQ(found.voids, 2u);
}

TEST_F(SpfLimit, TheThirdThatFindsNothingIsAnError) {
  record("v=spf1 a:no1.example.org mx:no2.example.org exists:no3.example.org a:no4.example.org +all");
  expect(AuthResult::permerror, "more than 2 look-ups");
  EXPECT_EQ(names.queries(), 4u);
}

TEST_F(SpfLimit, TheSameVoidCountsEachTime) {
  record("v=spf1 a:no.example.org a:no.example.org a:no.example.org +all");
  expect(AuthResult::permerror, "more than 2 look-ups");
  EXPECT_EQ(names.queries(), 2u);
}

TEST_F(SpfLimit, VoidsOfMxNamesCount) {
  record("v=spf1 mx +all");
  for (const auto* name : {"no1.example.org", "no2.example.org", "no3.example.org", "no4.example.org"})
    names.add("example.org", NameType::mx, std::string("10 ") + name);
  expect(AuthResult::permerror, "more than 2 look-ups");
}

TEST_F(SpfLimit, StrangersPtrNamesSpendNoVoids) {
  record("v=spf1 ptr -all");
  for (int i = 0; i < 30; ++i)
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "no" + std::to_string(i) + ".evil.example");
  expect(AuthResult::fail, "");
  EXPECT_EQ(names.queries(), 2u);
}

TEST_F(SpfLimit, AVoidOfTheExplanationChangesNothing) {
  record("v=spf1 a:no1.example.org a:no2.example.org -all exp=no3.example.org");
  expect(AuthResult::fail, "");
  EXPECT_EQ(names.voids(), 3u);
}

TEST_F(SpfLimit, NorDoesOneWithinTheExplanation) {
  record("v=spf1 a:no1.example.org a:no2.example.org -all exp=why.example.org");
  names.add("why.example.org", NameType::txt, "%{p} may not");
  const auto found = check();
  EXPECT_EQ(found.result, AuthResult::fail);
  EXPECT_EQ(found.explanation, "unknown may not");
  EXPECT_EQ(found.voids, 2u);
}

TEST_F(SpfLimit, TenMxNamesAreLookedUp) {
  record("v=spf1 mx -all");
  exchanges(10, "example.org", "m");
  EXPECT_EQ(check().result, AuthResult::fail);
  EXPECT_EQ(names.queries(), 12u);
}

TEST_F(SpfLimit, ElevenMxNamesAreAnErrorWhicheverMatches) {
  record("v=spf1 mx -all");
  names.add("example.org", NameType::mx, "0 mine.example.org")
      .add("mine.example.org", NameType::a, "192.0.2.1");
  exchanges(10, "example.org", "m");
  expect(AuthResult::permerror, "more than 10 MX names");
  EXPECT_EQ(names.queries(), 2u);
}

TEST_F(SpfLimit, PtrNamesBehindTheTenthAreIgnored) {
  record("v=spf1 ptr -all");
  for (int i = 0; i < 9; ++i)
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "p" + std::to_string(i) + ".example.net");
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "tenth.example.org");
  names.add("tenth.example.org", NameType::a, "198.51.100.1");
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "eleventh.example.org");
  names.add("eleventh.example.org", NameType::a, "192.0.2.1");
  expect(AuthResult::fail, "");
  EXPECT_EQ(names.queries(), 3u);
}

// All limits of the RFC are kept, and still it is 111 questions.
TEST_F(SpfLimit, TooManyQuestionsAreOurOwnLimit) {
  std::string text = "v=spf1";
  for (int i = 0; i < 10; ++i) {
    const auto of = "d" + std::to_string(i) + ".example.org";
    exchanges(10, of, "m" + std::to_string(i) + "x");
    text += " mx:" + of;
  }
  record(text + " -all");
  expect(AuthResult::temperror, "more than 20 questions");
  EXPECT_EQ(names.queries(), 20u);
}

TEST_F(SpfLimit, TheBoundIsTheCallers) {
  record("v=spf1" + addresses(5) + " -all");
  question.limits.queries_max = 6;
  EXPECT_EQ(check().result, AuthResult::fail);
  question.limits.queries_max = 5;
  EXPECT_EQ(check_spf(names, question).result, AuthResult::temperror);
  EXPECT_EQ(names.queries(), 11u);
}

TEST_F(SpfLimit, AnExplanationBeyondTheBoundIsNone) {
  record("v=spf1" + addresses(5) + " -all exp=why.example.org");
  names.add("why.example.org", NameType::txt, "because");
  question.limits.queries_max = 6;
  expect(AuthResult::fail, "");
  question.limits.queries_max = 7;
  EXPECT_EQ(check_spf(names, question).explanation, "because");
}

TEST_F(SpfLimit, EverythingFailsOrNothingIsThere) {
  record("v=spf1" + addresses(3, "g") + " a:silent.example.org -all");
  names.fail("silent.example.org", NameType::a);
  expect(AuthResult::temperror, "did not answer");
  names.otherwise = [](const NameQuestion&) { return NameAnswer{}; };
  question.mail_from = "anna@silent.example.org";
  EXPECT_EQ(check_spf(names, question).result, AuthResult::temperror);
}

TEST_F(SpfLimit, AnswersOfAnySizeAreRead) {
  for (int i = 0; i < 2000; ++i)
    record("not SPF, but long: " + std::string(1000, 'x'));
  std::string text = "v=spf1";
  while (text.size() < 65'000)
    text += " ip4:198.51.100.1";
  record(text + " -all");
  expect(AuthResult::fail, "");
}

TEST_F(SpfLimit, ARecordLongerThanDnsCanCarryIsAnError) {
  record("v=spf1 " + std::string(100'000, ' ') + "+all");
  expect(AuthResult::permerror, "too long");
}

TEST_F(SpfLimit, NonsenseInAnswersIsNoMatch) {
  record("v=spf1 a mx ptr +all");
  for (const auto* nonsense : {"", "1", "192.0.2.1.9", "::", "\xFF"}) {
    names.add("example.org", NameType::a, nonsense);
    names.add("example.org", NameType::mx, nonsense);
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, nonsense);
  }
  EXPECT_EQ(check().result, AuthResult::pass);
}

// Macros of 4,000 octets, and of as many as an answer holds, each of which takes a long local part to pieces
// and leaves nothing of it.
TEST_F(SpfLimit, ManyMacrosCostLittle) {
  for (const std::size_t octets : {4'000U, 60'000U}) {
    std::string macros;
    while (macros.size() < octets)
      macros += "%{l1r-}";
    question.mail_from = std::string(900, '-') + "@example.net";
    NamesFake fresh;
    fresh.add("example.net", NameType::txt,
              "v=spf1 exists:" + macros + ".example.org -all exp=why.example.org");
    fresh.add("why.example.org", NameType::txt, macros + "%{d2147483648}");
    const auto found = check_spf(fresh, question);
    EXPECT_EQ(found.result, AuthResult::fail);
    EXPECT_EQ(found.explanation, "example.net");
    EXPECT_EQ(fresh.queries(), 2u) << "\".example.org\" is no name to ask for";
  }
}

}  // namespace
}  // namespace guichet::filters
