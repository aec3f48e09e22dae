#include "filters/dmarc.h"

#include <gtest/gtest.h>

#include <string>

#include "filters/dmarc_record.h"
#include "tests/filters/findings_made.h"
#include "tests/filters/names_fake.h"

namespace guichet::filters {
namespace {

const PublicSuffix& suffixes() {
  static const PublicSuffix list;
  return list;
}

TEST(PublicSuffix, KnowsOrganizations) {
  EXPECT_EQ(suffixes().organizational_domain("mail.interieur.gouv.fr"), "interieur.gouv.fr");
  EXPECT_EQ(suffixes().organizational_domain("A.B.Example"), "b.example");
  EXPECT_EQ(suffixes().organizational_domain("gouv.fr"), "");
  EXPECT_EQ(suffixes().organizational_domain("co.uk"), "");
  EXPECT_EQ(suffixes().organizational_domain("a..b"), "");
  EXPECT_EQ(suffixes().organizational_domain(std::string("a.example\0.fr", 13)), "");
}

TEST(PublicSuffix, Aligns) {
  using enum PublicSuffix::Alignment;
  EXPECT_TRUE(suffixes().aligned("a.gouv.fr", "A.gouv.fr", strict));
  EXPECT_FALSE(suffixes().aligned("m.a.gouv.fr", "a.gouv.fr", strict));
  EXPECT_TRUE(suffixes().aligned("m.a.gouv.fr", "n.a.gouv.fr", relaxed));
  EXPECT_FALSE(suffixes().aligned("a.gouv.fr", "b.gouv.fr", relaxed));
  EXPECT_FALSE(suffixes().aligned("gouv.fr", "b.gouv.fr", relaxed));
  EXPECT_FALSE(suffixes().aligned("", "", relaxed));
}

struct RecordCase {
  const char* text;
  std::optional<DmarcRecord> record;
};

TEST(DmarcRecord, IsRead) {
  using enum DmarcPolicy;
  constexpr auto strict = PublicSuffix::Alignment::strict;
  const RecordCase cases[] = {
      {"v=DMARC1; p=none", DmarcRecord{}},
      {"v = DMARC1 ;p = Reject;", DmarcRecord{.policy = reject, .subdomain_policy = reject}},
      {"v=DMARC1; p=reject; sp=none; adkim=s; aspf=r",
       DmarcRecord{.policy = reject, .subdomain_policy = none, .dkim = strict}},
      {"v=DMARC1; p=quarantine; aspf=S; pct=0; nonsense; =; x=y",
       DmarcRecord{.policy = quarantine, .subdomain_policy = quarantine, .spf = strict}},
      {"v=DMARC1; p=reject; adkim=maybe", DmarcRecord{.policy = reject, .subdomain_policy = reject}},
      {"v=DMARC1", std::nullopt},
      {"v=DMARC1; p=never", std::nullopt},
      {"v=DMARC1; p=reject; sp=never", std::nullopt},
      // RFC 7489 6.6.3, step 6
      {"v=DMARC1; p=never; rua=mailto:a@b.example", DmarcRecord{}},
      {"v=DMARC1; rua=mailto:a@b.example", DmarcRecord{}},
      {"v=DMARC1; rua=nonsense", std::nullopt},
  };
  for (const auto& test : cases) {
    EXPECT_TRUE(is_dmarc_record(test.text)) << test.text;
    EXPECT_EQ(read_dmarc_record(test.text), test.record) << test.text;
  }
  for (const char* other :
       {"", "v=spf1 -all", "v=DMARC1x; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", " v=DMARC1"})
    EXPECT_FALSE(is_dmarc_record(other)) << other;
}

struct Case {
  const char* record;
  SpfFinding spf;
  DkimFinding dkim;
  AuthResult result;
};

TEST(Dmarc, IsAboutAlignment) {
  using enum AuthResult;
  const Case cases[] = {
      {"p=reject", spf_found(pass, "a.example"), dkim_found(none, ""), pass},
      {"p=reject", spf_found(pass, "bounces.a.example"), dkim_found(none, ""), pass},
      {"p=reject; aspf=s", spf_found(pass, "bounces.a.example"), dkim_found(none, ""), fail},
      {"p=reject", spf_found(pass, "b.example"), dkim_found(none, ""), fail},
      {"p=reject", spf_found(softfail, "a.example"), dkim_found(none, ""), fail},
      {"p=reject", spf_found(neutral, "a.example"), dkim_found(none, ""), fail},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(pass, "a.example"), pass},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(pass, "mail.a.example"), pass},
      {"p=reject; adkim=s", spf_found(fail, "a.example"), dkim_found(pass, "mail.a.example"), fail},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(pass, "example"), fail},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(pass, "a.example", true), fail},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(policy, "a.example"), fail},
      {"p=reject", spf_found(temperror, "a.example"), dkim_found(none, ""), temperror},
      {"p=reject", spf_found(temperror, "b.example"), dkim_found(none, ""), fail},
      {"p=reject", spf_found(fail, "a.example"), dkim_found(temperror, "a.example"), temperror},
      {"p=reject", spf_found(pass, "a.example"), dkim_found(temperror, "a.example"), pass},
  };
  for (const auto& test : cases) {
    NamesFake names;
    names.add("_dmarc.a.example", NameType::txt, std::string("v=DMARC1; ") + test.record);
    const auto found =
        evaluate_dmarc({.domain = "a.example", .why = ""}, test.spf, {test.dkim}, names, suffixes());
    EXPECT_EQ(found.result, test.result) << test.record << " " << test.spf.domain << " " << test.dkim.domain;
    EXPECT_EQ(found.policy, "reject");
    EXPECT_EQ(found.spf_aligned || found.dkim_aligned, test.result == pass);
  }
}

DmarcFinding discovered(NamesFake& names) {
  return evaluate_dmarc({.domain = "m.a.example", .why = ""}, spf_found(AuthResult::pass, "a.example"), {},
                        names, suffixes());
}

TEST(Dmarc, FindsThePolicyOfTheOrganization) {
  NamesFake names;
  names.add("_dmarc.a.example", NameType::txt, "v=DMARC1; p=reject; sp=quarantine");
  names.add("_dmarc.m.a.example", NameType::txt, "something else");
  const auto found = discovered(names);
  EXPECT_EQ(found.result, AuthResult::pass);
  EXPECT_EQ(found.policy_domain, "a.example");
  EXPECT_EQ(found.policy, "quarantine");
  names.add("_dmarc.m.a.example", NameType::txt, "v=DMARC1; p=none");
  EXPECT_EQ(discovered(names).policy, "none");
  EXPECT_EQ(discovered(names).policy_domain, "m.a.example");
}

TEST(Dmarc, IsNoneWithoutOnePolicy) {
  NamesFake names;
  const auto nothing = discovered(names);
  EXPECT_EQ(nothing.result, AuthResult::none);
  EXPECT_TRUE(nothing.spf_aligned);
  EXPECT_EQ(names.queries(), 2u);
  names.add("_dmarc.m.a.example", NameType::txt, "v=DMARC1; p=none");
  names.add("_dmarc.m.a.example", NameType::txt, "v=DMARC1; p=reject");
  EXPECT_EQ(discovered(names).result, AuthResult::none);
  EXPECT_EQ(discovered(names).why, "the domain publishes several policies");
}

TEST(Dmarc, IsATemporaryErrorWithoutAnAnswer) {
  NamesFake names;
  names.fail("_dmarc.a.example", NameType::txt);
  EXPECT_EQ(discovered(names).result, AuthResult::temperror);
  names.fail("_dmarc.m.a.example", NameType::txt);
  EXPECT_EQ(discovered(names).result, AuthResult::temperror);
}

TEST(Dmarc, IsAnErrorWithoutAnAuthor) {
  NamesFake names;
  const auto found =
      evaluate_dmarc({.domain = "", .why = "there are several From fields"}, spf_found(AuthResult::pass, ""),
                     {dkim_found(AuthResult::pass, "")}, names, suffixes());
  EXPECT_EQ(found.result, AuthResult::permerror);
  EXPECT_EQ(found.why, "there are several From fields");
  EXPECT_FALSE(found.spf_aligned || found.dkim_aligned);
  EXPECT_EQ(names.queries(), 0u);
}

TEST(Dmarc, MarksTheSignaturesOfTheAuthor) {
  std::vector<DkimFinding> found{dkim_found(AuthResult::pass, "mail.a.example"),
                                 dkim_found(AuthResult::pass, "b.example")};
  mark_author({.domain = "a.example", .why = ""}, suffixes(), found);
  EXPECT_TRUE(found[0].author);
  EXPECT_FALSE(found[1].author);
}

}  // namespace
}  // namespace guichet::filters
