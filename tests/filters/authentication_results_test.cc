#include "filters/authentication_results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/filters/findings_made.h"
#include "tests/filters/python_script.h"

namespace guichet::filters {
namespace {

using enum AuthResult;

const Envelope envelope{
    .client = "192.0.2.1", .helo = "mx.a.example", .mail_from = "a@a.example", .hostname = "mx.asso.example"};

TEST(AuthenticationResults, AreWrittenAsTheRfcWantsThem) {
  Findings findings;
  findings.spf = spf_found(pass, "a.example");
  auto first = dkim_found(pass, "a.example");
  first.selector = "k1";
  first.identity = "@mail.a.example";
  first.algorithm = "rsa-sha256";
  first.beginning = "oINEO8/g";
  auto second = dkim_found(fail, "b.example");
  second.selector = "k2";
  second.algorithm = "ed25519-sha256";
  second.beginning = "abcdefgh";
  second.why = "the body was altered";
  findings.dkim = {first, second};
  findings.dmarc = dmarc_found(pass, "a.example", "reject");
  findings.reverse = ReverseFinding{.result = pass, .name = "mx.a.example"};
  EXPECT_EQ(authentication_results(findings, envelope),
            "Authentication-Results: mx.asso.example;\r\n"
            "\tspf=pass smtp.mailfrom=a@a.example;\r\n"
            "\tdkim=pass header.d=a.example header.s=k1 header.a=rsa-sha256\r\n"
            "\theader.i=@mail.a.example header.b=\"oINEO8/g\";\r\n"
            "\tdkim=fail reason=\"the body was altered\" header.d=b.example header.s=k2\r\n"
            "\theader.a=ed25519-sha256 header.b=abcdefgh;\r\n"
            "\tdmarc=pass header.from=a.example policy.dmarc=reject;\r\n"
            "\tiprev=pass policy.iprev=192.0.2.1\r\n");
}

TEST(AuthenticationResults, SayWhenThereAreNone) {
  EXPECT_EQ(authentication_results({}, envelope), "Authentication-Results: mx.asso.example; none\r\n");
  Findings unsigned_message;
  unsigned_message.dkim_done = true;
  EXPECT_EQ(authentication_results(unsigned_message, envelope),
            "Authentication-Results: mx.asso.example;\r\n\tdkim=none\r\n");
}

TEST(AuthenticationResults, DoNotCallPartOfABodyAPass) {
  Findings findings;
  findings.dkim = {dkim_found(pass, "a.example", true)};
  EXPECT_EQ(authentication_results(findings, envelope),
            "Authentication-Results: mx.asso.example;\r\n"
            "\tdkim=policy reason=\"some of the body is not signed\" header.d=a.example\r\n");
}

std::string of_spf(const SpfFinding& spf, const Envelope& of) {
  Findings findings;
  findings.spf = spf;
  const auto field = authentication_results(findings, of);
  return field.substr(field.find("spf="));
}

TEST(AuthenticationResults, NameTheIdentityOfSpf) {
  const auto by = [](const char* mail_from, const SpfFinding& spf) {
    auto of = envelope;
    of.mail_from = mail_from;
    return of_spf(spf, of);
  };
  const auto spf = spf_found(pass, "a.example");
  EXPECT_EQ(by("b@A.example", spf), "spf=pass smtp.mailfrom=b@A.example\r\n");
  EXPECT_EQ(by("b@other.example", spf), "spf=pass smtp.mailfrom=a.example\r\n");
  EXPECT_EQ(by("\"b c\"@a.example", spf), "spf=pass smtp.mailfrom=a.example\r\n");
  EXPECT_EQ(by("bounce+x=y.example@a.example", spf), "spf=pass smtp.mailfrom=a.example\r\n");
  EXPECT_EQ(by("b\r\n@a.example", spf), "spf=pass smtp.mailfrom=a.example\r\n");
  auto helo = spf_found(none, "[192.0.2.1]");
  helo.by_helo = true;
  EXPECT_EQ(by("", helo), "spf=none\r\n");
  helo.domain = "mx.a.example";
  EXPECT_EQ(by("", helo), "spf=none smtp.helo=mx.a.example\r\n");
}

TEST(AuthenticationResults, GiveNoWordToTheDomainThatWasAsked) {
  auto spf = spf_found(fail, "a.example");
  spf.explanation = "spf=pass";
  EXPECT_EQ(of_spf(spf, envelope), "spf=fail smtp.mailfrom=a@a.example\r\n");
  spf.result = permerror;
  spf.explanation = "two \"records\"; spf=pass";
  EXPECT_EQ(of_spf(spf, envelope),
            "spf=permerror reason=\"two  records   spf pass\" smtp.mailfrom=a@a.example\r\n");
}

TEST(AuthenticationResults, QuoteAnIpv6Address) {
  Findings findings;
  findings.reverse = ReverseFinding{.result = permerror, .name = ""};
  auto of = envelope;
  of.client = "2001:db8::1";
  of.hostname = "mx\r\nX: y";
  EXPECT_EQ(authentication_results(findings, of),
            "Authentication-Results: localhost;\r\n\tiprev=permerror policy.iprev=\"2001:db8::1\"\r\n");
}

// What strangers can put into each string that comes near the field.
class Hostile {
 public:
  std::string text() {
    static const std::vector<std::string> pieces{"legit.example",
                                                 "attack.example",
                                                 "@",
                                                 "'",
                                                 "\"",
                                                 "\\",
                                                 "(",
                                                 ")",
                                                 ";",
                                                 "=",
                                                 " ",
                                                 "\t",
                                                 "\r\n",
                                                 "\r\n ",
                                                 "\n",
                                                 std::string(1, '\0'),
                                                 "\xc3\xa9",
                                                 "\x7f",
                                                 "spf=pass",
                                                 "dkim=pass header.d=legit.example",
                                                 "; dmarc=pass",
                                                 ".",
                                                 "a",
                                                 "/",
                                                 "<",
                                                 ">",
                                                 ",",
                                                 ":",
                                                 "[",
                                                 "=?utf-8?q?pass?=",
                                                 "\r\n\r\nbody",
                                                 std::string(1000, 'x')};
    std::string made;
    for (auto left = random_() % 6; left > 0; --left)
      made += pieces[random_() % pieces.size()];
    return made;
  }
  AuthResult result() { return static_cast<AuthResult>(random_() % 8); }

  std::pair<Findings, Envelope> judged() {
    Findings findings;
    Envelope of;
    for (auto* member : {&of.client, &of.helo, &of.mail_from, &of.hostname})
      *member = text();
    if (random_() % 4) findings.spf = spf();
    for (auto left = random_() % 4; left > 0; --left)
      findings.dkim.push_back(dkim());
    if (random_() % 4) findings.dmarc = dmarc();
    if (random_() % 4) findings.reverse = ReverseFinding{.result = result(), .name = text()};
    return {findings, of};
  }

 private:
  SpfFinding spf() {
    auto finding = spf_found(result(), text());
    finding.by_helo = random_() % 2 == 0;
    finding.explanation = text();
    return finding;
  }

  DkimFinding dkim() {
    auto finding = dkim_found(result(), text(), random_() % 4 == 0);
    for (auto* member :
         {&finding.selector, &finding.identity, &finding.algorithm, &finding.beginning, &finding.why})
      *member = text();
    return finding;
  }

  DmarcFinding dmarc() {
    auto finding = dmarc_found(result(), text(), text());
    finding.policy_domain = text();
    finding.why = text();
    return finding;
  }

  std::mt19937 random_{8601};
};

using Verdicts = std::vector<std::pair<std::string, std::string>>;

Verdicts expected_of(const Findings& findings) {
  Verdicts verdicts;
  const auto add = [&](const char* method, AuthResult result) {
    verdicts.emplace_back(method, std::string(name_of(result)));
  };
  if (findings.spf) add("spf", findings.spf->result);
  for (const auto& signature : findings.dkim)
    add("dkim", signature.result == pass && signature.partial ? policy : signature.result);
  if (findings.dmarc) add("dmarc", findings.dmarc->result);
  if (findings.reverse) add("iprev", findings.reverse->result);
  return verdicts;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(AuthenticationResults, HoldNoResultThatIsNotOurs) {
  Hostile hostile;
  for (int round = 0; round < 5'000; ++round) {
    const auto [findings, of] = hostile.judged();
    const auto field = authentication_results(findings, of);
    const auto verdicts = expected_of(findings);
    // Not even for who looks for the words alone.
    const auto passes =
        std::count_if(verdicts.begin(), verdicts.end(), [](const auto& one) { return one.second == "pass"; });
    ASSERT_EQ(count(field, "=pass"), static_cast<std::size_t>(passes)) << field;
    ASSERT_EQ(count(field, ";"), std::max<std::size_t>(1, verdicts.size())) << field;
    ASSERT_LE(field.size(), 8192u);
    for (std::size_t at = 0; at < field.size();) {
      const auto end = field.find("\r\n", at);
      ASSERT_NE(end, std::string::npos);
      ASSERT_LE(end - at, 998u);
      ASSERT_TRUE(at == 0 || field[at] == '\t') << field;
      ASSERT_TRUE(std::all_of(field.begin() + static_cast<std::ptrdiff_t>(at),
                              field.begin() + static_cast<std::ptrdiff_t>(end),
                              [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); }))
          << field;
      at = end + 2;
    }
  }
}

TEST(AuthenticationResults, AreReadBackAsTheyWereMeant) {
  Hostile hostile;
  std::vector<Verdicts> expected;
  std::string name = testing::TempDir() + "authentication_results_XXXXXX";
  const int descriptor = ::mkstemp(name.data());
  ASSERT_GE(descriptor, 0);
  ::close(descriptor);
  {
    std::ofstream file(name);
    for (int round = 0; round < 1'000; ++round) {
      const auto [findings, of] = hostile.judged();
      file << nlohmann::json(authentication_results(findings, of)).dump() << "\n";
      expected.push_back(expected_of(findings));
    }
  }
  const auto lines = lines_of_script("authentication_results_readback.py", name);
  std::remove(name.c_str());
  if (!lines) GTEST_SKIP() << "python3-authres is not installed";
  ASSERT_EQ(lines->size(), expected.size());
  for (std::size_t at = 0; at < expected.size(); ++at) {
    const auto read = nlohmann::json::parse((*lines)[at]);
    ASSERT_TRUE(read.is_array()) << at;
    Verdicts verdicts;
    for (const auto& result : read)
      verdicts.emplace_back(result.at(0), result.at(1));
    EXPECT_EQ(verdicts, expected[at]);
  }
}

}  // namespace
}  // namespace guichet::filters
