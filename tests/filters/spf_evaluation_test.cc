// What check_spf makes of records that keep the limits. The RFC's own rules one by one are in the suite
// (spf_suite_test.cc); here is what it leaves out, and what holds without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "filters/spf.h"
#include "tests/filters/names_fake.h"

namespace guichet::filters {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Spf : public testing::Test {
 protected:
  NamesFake names;
  SpfQuestion question{.client = "192.0.2.1",
                       .helo = "mail.example.org",
                       .mail_from = "anna@example.org",
                       .hostname = "mx.receiver.example",
                       .received_unix_s = 1'700'000'000};

  Spf() {
    names.add("a.example.org", NameType::a, "192.0.2.1").add("a.example.org", NameType::aaaa, "2001:db8::1");
    names.add("other.example.org", NameType::a, "198.51.100.7");
  }
  void record(std::string text, std::string_view name = "example.org") {
    names.add(name, NameType::txt, std::move(text));
  }
  SpfFinding check() {
    auto found = check_spf(names, question);
    EXPECT_LE(names.queries(), question.limits.queries_max);
    return found;
  }
  AuthResult result() { return check().result; }
};

TEST_F(Spf, JudgesMailFrom) {
  record("v=spf1 a:a.example.org -all");
  EXPECT_EQ(check(), (SpfFinding{AuthResult::pass, "example.org", false, "", 1, 0}));
  EXPECT_THAT(names.questions(), ElementsAre(NameQuestion{"example.org", NameType::txt},
                                             NameQuestion{"a.example.org", NameType::a}));
}

TEST_F(Spf, JudgesHeloOfTheNullSender) {
  record("v=spf1 exists:%{l}.%{o}.%{d}.%{h} -all", "mail.example.org");
  names.add("postmaster.mail.example.org.mail.example.org.mail.example.org", NameType::a, "127.0.0.2");
  question.mail_from = "";
  EXPECT_EQ(check(), (SpfFinding{AuthResult::pass, "mail.example.org", true, "", 1, 0}));
}

TEST_F(Spf, TakesTheDomainBehindTheLastAt) {
  record("v=spf1 exists:%{l}.example.net -all");
  names.add("\"x@evil.example\".example.net", NameType::a, "127.0.0.2");
  question.mail_from = "\"x@evil.example\"@Example.org.";
  EXPECT_EQ(check(), (SpfFinding{AuthResult::pass, "Example.org", false, "", 1, 0}));
}

// RFC 7208 4.3: nothing is asked.
TEST_F(Spf, HasNoOpinionOnWhatIsNoDomain) {
  for (const auto* sender : {"anna@", "anna@localhost", "anna@a..org", "anna@.example.org",
                             "anna@[192.0.2.1]", "anna@ex\\ample.org", "anna", "@"}) {
    question.mail_from = sender;
    EXPECT_EQ(result(), AuthResult::none) << sender;
  }
  question.mail_from = "anna@" + std::string(64, 'x') + ".org";
  EXPECT_EQ(result(), AuthResult::none);
  question.mail_from = std::string("anna@exa\0mple.org", 17);
  EXPECT_EQ(result(), AuthResult::none);
  question.mail_from = "";
  for (const auto* helo : {"", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]"}) {
    question.helo = helo;
    EXPECT_EQ(result(), AuthResult::none) << helo;
  }
  EXPECT_EQ(names.queries(), 0u);
}

TEST_F(Spf, HasNoOpinionOnAClientThatIsNotKnown) {
  record("v=spf1 -all");
  for (const auto* client : {"", "unknown", "192.0.2.1:25", "192.0.2", "2001:db8::1%eth0"}) {
    question.client = client;
    EXPECT_EQ(result(), AuthResult::none) << client;
  }
}

TEST_F(Spf, TellsWhyARecordIsWrong) {
  record("v=spf1 include:broken.example.org -all");
  record("v=spf1 ip4:192.0.2.1 +al\n", "broken.example.org");
  const auto found = check();
  EXPECT_EQ(found.result, AuthResult::permerror);
  EXPECT_EQ(found.explanation, "the record of \"broken.example.org\": \"+al?\": no such mechanism");
}

TEST_F(Spf, TellsWhatDidNotAnswer) {
  record("v=spf1 mx -all");
  names.fail("example.org", NameType::mx);
  const auto found = check();
  EXPECT_EQ(found.result, AuthResult::temperror);
  EXPECT_THAT(found.explanation, HasSubstr("\"example.org\""));
}

TEST_F(Spf, TellsOfTwoRecordsAndOfNone) {
  record("v=spf1 -all");
  record("V=SPF1 +all");
  EXPECT_EQ(check().explanation, "\"example.org\" has more than one SPF record");
  question.mail_from = "anna@example.net";
  record("v=spf1 redirect=nowhere.example.org", "example.net");
  EXPECT_EQ(check().result, AuthResult::permerror);
  EXPECT_EQ(check().explanation, "the record leads to \"nowhere.example.org\", which has none");
}

TEST_F(Spf, MatchesAMappedClientAsIpv4Only) {
  record("v=spf1 ip6:::/0 -ip4:192.0.2.1 +all");
  question.client = "::ffff:192.0.2.1";
  EXPECT_EQ(result(), AuthResult::fail);
}

TEST_F(Spf, ComparesEachFamilyByItsOwnLength) {
  record("v=spf1 a:a.example.org/24//32 -all");
  for (const auto* client : {"192.0.2.200", "2001:db8:ffff::9"}) {
    question.client = client;
    EXPECT_EQ(result(), AuthResult::pass) << client;
  }
  for (const auto* client : {"192.0.3.1", "2001:db9::1"}) {
    question.client = client;
    EXPECT_EQ(result(), AuthResult::fail) << client;
  }
}

// RFC 7505: a null MX is no name to ask for.
TEST_F(Spf, AsksForNoAddressOfANullMx) {
  record("v=spf1 mx -all");
  for (const auto* null : {"0 .", "0 ", "0"})
    names.add("example.org", NameType::mx, null);
  EXPECT_EQ(result(), AuthResult::fail);
  EXPECT_EQ(names.queries(), 2u);
}

// RFC 7208 5.5: foreign names are not looked up; of those that are, one without an answer is passed over.
TEST_F(Spf, LooksUpPtrNamesInTheTargetOnly) {
  record("v=spf1 ptr -all");
  for (const auto* name : {"evil.example.net", "notexample.org", "down.example.org", "A.Example.Org."})
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, name);
  names.fail("down.example.org", NameType::a);
  EXPECT_EQ(check(), (SpfFinding{AuthResult::pass, "example.org", false, "", 1, 0}));
  EXPECT_EQ(names.queries(), 4u);
}

TEST_F(Spf, DoesNotBelieveAPtrThatDoesNotLeadBack) {
  record("v=spf1 ptr -all");
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "other.example.org");
  EXPECT_EQ(result(), AuthResult::fail);
}

TEST_F(Spf, TakesAFailedPtrForNone) {
  record("v=spf1 ptr -all");
  names.fail("1.2.0.192.in-addr.arpa", NameType::ptr);
  EXPECT_EQ(result(), AuthResult::fail);
}

// RFC 7208 7.3: the domain itself, then a name in it, then any.
TEST_F(Spf, PrefersTheDomainForP) {
  record("v=spf1 exists:%{p}.p.example.net -all");
  for (const auto* name : {"elsewhere.example", "in.example.org", "example.org"}) {
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, name);
    names.add(name, NameType::a, "192.0.2.1");
  }
  names.add("example.org.p.example.net", NameType::a, "127.0.0.2");
  EXPECT_EQ(result(), AuthResult::pass);
  EXPECT_EQ(names.queries(), 4u) << "TXT, PTR, one address, exists";
}

TEST_F(Spf, CallsAClientWithoutNameUnknown) {
  record("v=spf1 exists:%{p}.p.example.net -all");
  names.add("unknown.p.example.net", NameType::a, "127.0.0.2");
  EXPECT_EQ(result(), AuthResult::pass);
}

// RFC 7208 4.8: such a target cannot be asked for; the mechanism does not match.
TEST_F(Spf, DoesNotAskForWhatIsNoName) {
  record("v=spf1 exists:%{l}.example.net a:%{h} mx:a..example.org -all");
  question.helo = "localhost";
  for (const auto& local :
       {std::string("x\\"), std::string("a\0b", 3), std::string(64, 'x'), std::string("a..b")}) {
    question.mail_from = local + "@example.org";
    EXPECT_EQ(result(), AuthResult::fail);
  }
  EXPECT_EQ(names.queries(), 4u) << "the record, four times";
}

TEST_F(Spf, AsksForALocalPartOfEightBits) {
  record("v=spf1 exists:%{s}.example.net exists:%{S}.example.net -all");
  question.mail_from = "caf\xC3\xA9\xFF@example.org";
  names.add("caf%C3%A9%FF%40example.org.example.net", NameType::a, "127.0.0.2");
  EXPECT_EQ(result(), AuthResult::pass);
  EXPECT_EQ(names.questions().at(1).name, "caf\xC3\xA9\xFF@example.org.example.net");
}

TEST_F(Spf, AsksTheSameThingOnce) {
  record(
      "v=spf1 a:other.example.org a:OTHER.example.org. ?include:twice.example.org a:other.example.org -all");
  record("v=spf1 a:other.example.org -all", "twice.example.org");
  EXPECT_EQ(check(), (SpfFinding{AuthResult::fail, "example.org", false, "", 5, 0}));
  EXPECT_EQ(names.queries(), 3u);
}

class SpfExplanation : public Spf {
 protected:
  SpfExplanation() { record("v=spf1 -all exp=why.example.org"); }
  std::string explanation(std::string text) {
    names.add("why.example.org", NameType::txt, std::move(text));
    const auto found = check();
    EXPECT_EQ(found.result, AuthResult::fail);
    return found.explanation;
  }
};

TEST_F(SpfExplanation, IsTheDomainsOwnWords) {
  EXPECT_EQ(explanation("%{c} may not write as %{s} to %{r} at %{t}; see http://%{d}/?%{S}"),
            "192.0.2.1 may not write as anna@example.org to mx.receiver.example at 1700000000; see "
            "http://example.org/?anna%40example.org");
}

TEST_F(SpfExplanation, EndsAtItsLimit) {
  EXPECT_EQ(explanation(std::string(60'000, 'x')), std::string(512, 'x'));
}

TEST_F(SpfExplanation, IsNoneThatIsNotPrintable) {
  EXPECT_EQ(explanation("caf\xC3\xA9"), "");
}

TEST_F(SpfExplanation, LetsNoMacroBringALineEndAlong) {
  question.mail_from = "x\r\n250 ok@example.org";
  EXPECT_EQ(explanation("not you, %{l}"), "");
}

TEST_F(SpfExplanation, IsNoneThatIsMalformed) {
  EXPECT_EQ(explanation("100% wrong"), "");
}

TEST_F(SpfExplanation, IsNoneThatIsEmptyOrAmbiguous) {
  EXPECT_EQ(explanation(""), "");
  EXPECT_EQ(explanation("a second one"), "");
}

TEST_F(SpfExplanation, IsOfAFailOnly) {
  question.mail_from = "anna@soft.example.org";
  record("v=spf1 ~all exp=why.example.org", "soft.example.org");
  EXPECT_EQ(check(), (SpfFinding{AuthResult::softfail, "soft.example.org", false, "", 0, 0}));
  EXPECT_EQ(names.queries(), 1u);
}

TEST_F(SpfExplanation, IsNotThatOfAnIncludedRecord) {
  question.mail_from = "anna@includes.example.org";
  record("v=spf1 include:example.org -all", "includes.example.org");
  names.add("why.example.org", NameType::txt, "of the included one");
  EXPECT_EQ(check().explanation, "");
}

}  // namespace
}  // namespace guichet::filters
