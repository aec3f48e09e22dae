#include "filters/spf_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace guichet::filters {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(SpfRecord, IsTheOneWithTheVersionAloneInFront) {
  for (const auto* text : {"v=spf1", "V=SpF1 -all", "v=spf1  ", "v=spf1 nonsense"})
    EXPECT_TRUE(is_spf_record(text)) << text;
  for (const auto* text :
       {"", "v=spf", "v=spf10", "v=spf1-all", "v=spf1\t-all", " v=spf1", "v=spf2.0/pra -all"})
    EXPECT_FALSE(is_spf_record(text)) << text;
}

TEST(SpfRecord, KeepsTheTermsInTheirOrder) {
  const auto record = parse_spf_record(
      "v=spf1 a ~MX:mail.example.org/24//64 -ip4:192.0.2.0/24 ?ip6:2001:db8::/32 "
      "+include:%{d}._spf.example.org "
      "exists:%{ir}.example.org ptr redirect=example.net exp=why.%{o} x-new=what/ever:%{t} all  ");
  ASSERT_TRUE(record) << record.error();
  ASSERT_THAT(record->directives, SizeIs(8));
  const auto& d = record->directives;

  EXPECT_EQ(d[0].mechanism, SpfMechanism::a);
  EXPECT_EQ(d[0].if_matched, AuthResult::pass);
  EXPECT_FALSE(d[0].domain);
  EXPECT_EQ(d[0].ip4_bits, 32u);
  EXPECT_EQ(d[0].ip6_bits, 128u);

  EXPECT_EQ(d[1].mechanism, SpfMechanism::mx);
  EXPECT_EQ(d[1].if_matched, AuthResult::softfail);
  EXPECT_EQ(d[1].domain, *parse_domain_spec("mail.example.org"));
  EXPECT_EQ(d[1].ip4_bits, 24u);
  EXPECT_EQ(d[1].ip6_bits, 64u);

  EXPECT_EQ(d[2].if_matched, AuthResult::fail);
  EXPECT_EQ(d[2].network, *parse_ip4("192.0.2.0"));
  EXPECT_EQ(d[2].ip4_bits, 24u);
  EXPECT_EQ(d[3].if_matched, AuthResult::neutral);
  EXPECT_EQ(d[3].network, *parse_ip6("2001:db8::"));
  EXPECT_EQ(d[3].ip6_bits, 32u);
  EXPECT_EQ(d[4].mechanism, SpfMechanism::include);
  EXPECT_EQ(d[5].mechanism, SpfMechanism::exists);
  EXPECT_EQ(d[6].mechanism, SpfMechanism::ptr);
  EXPECT_EQ(d[7].mechanism, SpfMechanism::all);
  EXPECT_EQ(record->redirect, *parse_domain_spec("example.net"));
  EXPECT_EQ(record->explanation, *parse_domain_spec("why.%{o}"));
}

struct Case {
  std::string term;
  std::string why;  // part of the error; "": well-formed
};

class Term : public testing::TestWithParam<Case> {};

TEST_P(Term, IsJudged) {
  const auto record = parse_spf_record("v=spf1 ip4:192.0.2.1 " + GetParam().term + " -all");
  if (GetParam().why.empty()) {
    EXPECT_TRUE(record) << GetParam().term << ": " << record.error();
    return;
  }
  ASSERT_FALSE(record) << GetParam().term;
  EXPECT_THAT(record.error(), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(Well, Term,
                         testing::ValuesIn(std::vector<Case>{
                             {"ALL", ""},
                             {"a/0", ""},
                             {"a//0", ""},
                             {"A:example.org/32//128", ""},
                             {"a:b/c:d.example.org", ""},
                             {"a:%{d}/24", ""},
                             {"a:%{d/}/24", ""},
                             {"a:x%%", ""},
                             {"a:example.org.", ""},
                             {"a:.org", ""},
                             {"a:x.1-2", ""},
                             {"a:x.xn--p1ai", ""},
                             {"a:_spf.example.org", ""},
                             {"exists:%{l}.%{o}", ""},
                             {"ip6:::1.2.3.4/128", ""},
                             {"ip4:0.0.0.0/0", ""},
                             {"new=", ""},
                             {"a.b-c_d=%{r}", ""},
                             {"EXP=example.org", ""},
                         }));

INSTANTIATE_TEST_SUITE_P(Ill, Term,
                         testing::ValuesIn(std::vector<Case>{
                             {"al", "no such mechanism"},
                             {"all:example.org", "nothing may follow"},
                             {"all/8", "nothing may follow"},
                             {"-", "no such mechanism"},
                             {"--all", "no such mechanism"},
                             {":example.org", "no such mechanism"},
                             {"=x", "no such mechanism"},
                             {"1up=x", "no such mechanism"},
                             {"-redirect=example.org", "no such mechanism"},
                             {"redirect:example.org", "no such mechanism"},
                             {"a\texample.org", "no such mechanism"},
                             {"a:", "a domain is missing"},
                             {"a/", "nothing may follow"},
                             {"a//", "nothing may follow"},
                             {"a///64", "nothing may follow"},
                             {"a//64/24", "nothing may follow"},
                             {"a/33", "IPv4 prefix"},
                             {"a/024", "IPv4 prefix"},
                             {"a/99999999999999999999", "IPv4 prefix"},
                             {"a//129", "IPv6 prefix"},
                             {"a//00", "IPv6 prefix"},
                             {"a:org", "no domain ends"},
                             {"a:x.123", "no domain ends"},
                             {"a:x.-org", "no domain ends"},
                             {"a:x.org-", "no domain ends"},
                             {"a:x..", "no domain ends"},
                             {"a:x.%%-", "no domain ends"},
                             {"a:192.0.2.1", "ip4 or ip6 was meant"},
                             {"mx:192.0.2.1/24", "ip4 or ip6 was meant"},
                             {"include", "a domain is missing"},
                             {"include:", "a domain is missing"},
                             {"include:example.org/24", "no domain ends"},
                             {"exists", "a domain is missing"},
                             {"ptr/24", "nothing may follow"},
                             {"ip4", "an address is missing"},
                             {"ip4/8", "an address is missing"},
                             {"ip4:", "no IPv4 address"},
                             {"ip4:192.0.2", "no IPv4 address"},
                             {"ip4:192.0.02.1", "no IPv4 address"},
                             {"ip4:192.0.2.256", "no IPv4 address"},
                             {"ip4:2001:db8::1", "no IPv4 address"},
                             {"ip4:192.0.2.1//32", "no IPv4 address"},
                             {"ip4:192.0.2.1/33", "length of a prefix"},
                             {"ip6:192.0.2.1", "no IPv6 address"},
                             {"ip6:2001:db8::1%eth0", "no IPv6 address"},
                             {"ip6:2001:db8::/129", "length of a prefix"},
                             {"redirect=", "a domain is missing"},
                             {"exp=-all", "no domain ends"},
                             {"exp=%{c}.example.org", "no such macro letter"},
                             {"exp=a.org Exp=b.org", "stands twice"},
                             {"redirect=a.org REDIRECT=a.org", "stands twice"},
                             {"new=%x", "begins no macro"},
                             {std::string("a:example.org\0", 14), "not printable"},
                             {"a:ex\xC3\xA9.org", "not printable"},
                             {"\xEF\xBB\xBF"
                              "all",
                              "no such mechanism"},
                         }));

TEST(SpfRecord, NamesTheTermThatIsWrong) {
  const auto record = parse_spf_record("v=spf1 -all ip4:192.0.2.1:25\x07");
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error(), "\"ip4:192.0.2.1:25?\": no IPv4 address: \"192.0.2.1:25?\"");
}

TEST(SpfRecord, MayBeAsLongAsDnsCarries) {
  std::string text = "v=spf1";
  while (text.size() + 4 <= spf_record_octets_max)
    text += " mx ";
  EXPECT_TRUE(parse_spf_record(text));
  text.resize(spf_record_octets_max, ' ');
  EXPECT_TRUE(parse_spf_record(text));
  EXPECT_FALSE(parse_spf_record(text + " "));
}

}  // namespace
}  // namespace guichet::filters
