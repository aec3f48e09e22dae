#include "filters/in_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/filters/findings_made.h"

namespace guichet::filters {
namespace {

using enum AuthResult;

DkimFinding signature(AuthResult result, const char* domain, bool author, const char* why = "") {
  auto finding = dkim_found(result, domain);
  finding.author = author;
  finding.why = why;
  return finding;
}

DmarcFinding dmarc(AuthResult result, const char* from, bool by_spf = false, bool by_dkim = false) {
  auto finding = dmarc_found(result, from, "reject");
  finding.policy_domain = from;
  finding.spf_aligned = by_spf;
  finding.dkim_aligned = by_dkim;
  finding.why = "neither SPF nor DKIM";
  return finding;
}

TEST(InWords, SaysWhoVouches) {
  Findings findings;
  findings.dkim = {signature(pass, "interieur.gouv.fr", true)};
  EXPECT_EQ(in_words(findings), "signed by interieur.gouv.fr, matches the From address");
  findings.dmarc = dmarc(pass, "interieur.gouv.fr", false, true);
  EXPECT_EQ(in_words(findings), "signed by interieur.gouv.fr, matches the From address");
  findings.dkim.clear();
  findings.spf = spf_found(pass, "interieur.gouv.fr");
  findings.dmarc = dmarc(pass, "interieur.gouv.fr", true);
  EXPECT_EQ(in_words(findings), "sent by a server that interieur.gouv.fr allows, matches the From address");
}

TEST(InWords, SaysThatNobodyVouches) {
  Findings findings;
  findings.dmarc = dmarc(fail, "ministere.example");
  findings.dkim = {signature(pass, "lists.example", false)};
  findings.spf = spf_found(pass, "x.example");
  EXPECT_EQ(
      in_words(findings),
      "nobody vouches for the From address at ministere.example; signed by lists.example, which is another "
      "domain; sent by a server that x.example allows; ministere.example asks to refuse such mail");
  findings = {};
  findings.dkim = {signature(fail, "mairie.example", true, "the body was altered")};
  EXPECT_EQ(in_words(findings), "the signature of mairie.example does not verify: the body was altered");
  findings = {};
  findings.dkim_done = true;
  findings.spf = spf_found(fail, "x.example");
  EXPECT_EQ(in_words(findings), "not signed; sent by a server that x.example does not allow");
  findings = {};
  findings.dmarc = dmarc(none, "");
  findings.dmarc->why = "there are several From fields";
  EXPECT_EQ(in_words(findings), "nobody can be made out as the author: there are several From fields");
}

TEST(InWords, MatchesNothingThatIsPartialOrStrange) {
  Findings findings;
  findings.dkim = {signature(pass, "a.example", true)};
  findings.dkim[0].partial = true;
  EXPECT_EQ(in_words(findings), "the signature of a.example covers only the beginning of the text");
  findings.dkim[0].partial = false;
  findings.dmarc = dmarc(fail, "m.a.example");  // strict alignment
  EXPECT_EQ(in_words(findings).find("matches"), std::string::npos);
}

TEST(InWords, SaysWhatWentWrong) {
  Findings findings;
  EXPECT_EQ(in_words(findings), "not judged");
  findings.errors = {"mime: worker died by signal 11"};
  EXPECT_EQ(in_words(findings), "could not be judged: mime: worker died by signal 11");
  findings = {};
  findings.dmarc = dmarc(temperror, "a.example");
  EXPECT_EQ(in_words(findings), "the From address at a.example could not be judged: neither SPF nor DKIM");
}

TEST(InWords, KeepsWhatStrangersSayHarmless) {
  Findings findings;
  findings.dkim.assign(50, signature(fail, "b, matches the From address", false, "\x1b[31m\r\nnext\xff"));
  findings.errors = {std::string(10'000, 'x')};
  const auto line = in_words(findings);
  EXPECT_LE(line.size(), 1000u);
  EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  EXPECT_EQ(line.find("matches"), std::string::npos);
  EXPECT_TRUE(line.starts_with("the signature of an unnamed domain does not verify: ?[31m??next?; ")) << line;
}

}  // namespace
}  // namespace guichet::filters
