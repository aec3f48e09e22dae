#include "filters/spf_macro.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace guichet::filters {
namespace {

using testing::HasSubstr;

SpfMacroValues values(const char* client = "192.0.2.3") {
  return {.local_part = "strong-bad",
          .sender_domain = "email.example.com",
          .domain = "email.example.com",
          .client = *parse_client(client),
          .helo = "mail.example.com",
          .receiver = "mx.example.org",
          .received_unix_s = 1'700'000'000};
}

std::string expand(const std::string& text, const SpfMacroValues& with = values()) {
  const auto parsed = parse_explain_string(text);
  return parsed ? expand_text(*parsed, with, 10'000) : "ERROR " + parsed.error();
}

struct Case {
  const char* text;
  const char* expanded;
};

class Macro : public testing::TestWithParam<Case> {};

TEST_P(Macro, Expands) {
  EXPECT_EQ(expand(GetParam().text), GetParam().expanded);
}

// RFC 7208 7.4, and what it leaves out.
INSTANTIATE_TEST_SUITE_P(Rfc, Macro,
                         testing::ValuesIn(std::vector<Case>{
                             {"%{s}", "strong-bad@email.example.com"},
                             {"%{o}", "email.example.com"},
                             {"%{d}", "email.example.com"},
                             {"%{d4}", "email.example.com"},
                             {"%{d3}", "email.example.com"},
                             {"%{d2}", "example.com"},
                             {"%{d1}", "com"},
                             {"%{dr}", "com.example.email"},
                             {"%{d2r}", "example.email"},
                             {"%{l}", "strong-bad"},
                             {"%{l-}", "strong.bad"},
                             {"%{lr}", "strong-bad"},
                             {"%{lr-}", "bad.strong"},
                             {"%{l1r-}", "strong"},
                             {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
                             {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
                             {"%{h} %{c} %{r} %{t} %{p}",
                              "mail.example.com 192.0.2.3 mx.example.org 1700000000 unknown"},
                             {"100%% %_ %-", "100%   %20"},
                             {"%{S}", "strong-bad%40email.example.com"},
                             {"%{D2R}", "example.email"},
                             {"%{d02}", "example.com"},
                             {"%{d2147483648}", "email.example.com"},
                             {"%{d99999999999999999999999999999999}", "email.example.com"},
                             {"%{h+,/_=.-}", "mail.example.com"},
                             {"", ""},
                         }));

TEST(SpfMacro, WritesNibblesOfAnIpv6Address) {
  EXPECT_EQ(expand("%{ir}.%{v}", values("2001:db8::cb01")),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6");
  EXPECT_EQ(expand("%{c}", values("2001:DB8::CB01")), "2001:db8::cb01");
  EXPECT_EQ(expand("%{i} %{v}", values("::ffff:192.0.2.3")), "192.0.2.3 in-addr");
}

TEST(SpfMacro, KeepsEmptyParts) {
  auto with = values();
  with.local_part = "-a--b-";
  EXPECT_EQ(expand("%{l-}", with), ".a..b.");
  EXPECT_EQ(expand("%{l2-}", with), "b.");
  EXPECT_EQ(expand("%{l3r-}", with), ".a.");
  with.local_part = "";
  EXPECT_EQ(expand("[%{l1r-}]", with), "[]");
}

// CVE-2021-33912: a signed octet printed as %FFFFFFE9 ran over its buffer.
TEST(SpfMacro, TakesOctetsForOctets) {
  auto with = values();
  with.local_part = "caf\xE9\xFF\x80\n";
  EXPECT_EQ(expand("%{L}", with), "caf%E9%FF%80%0A");
  EXPECT_EQ(expand("%{l}", with), with.local_part);
}

class BadMacro : public testing::TestWithParam<Case> {};

TEST_P(BadMacro, IsRefusedInWords) {
  const auto parsed = parse_domain_spec(GetParam().text);
  ASSERT_FALSE(parsed) << GetParam().text;
  EXPECT_THAT(parsed.error(), HasSubstr(GetParam().expanded));
}

INSTANTIATE_TEST_SUITE_P(Ill, BadMacro,
                         testing::ValuesIn(std::vector<Case>{
                             {"%", "begins no macro"},         {"x.%", "begins no macro"},
                             {"%(d).org", "begins no macro"},  {"%d.org", "begins no macro"},
                             {"%{", "no such macro letter"},   {"%{}", "no such macro letter"},
                             {"%{x}", "no such macro letter"}, {"%{c}", "no such macro letter"},
                             {"%{R}", "no such macro letter"}, {"%{t}", "no such macro letter"},
                             {"%{d0}", "keeps 0 parts"},       {"%{d000r}", "keeps 0 parts"},
                             {"%{d", "without its end"},       {"%{d2", "without its end"},
                             {"%{dr2}", "without its end"},    {"%{drr}", "without its end"},
                             {"%{d-r}", "without its end"},    {"%{d:}", "without its end"},
                             {"%{dd}", "without its end"},     {"a b.org", "not printable"},
                             {"%{d}.", "no domain ends"},      {"", "missing"},
                         }));

std::string domain(const std::string& text, const SpfMacroValues& with = values()) {
  return expand_domain(parse_domain_spec(text).value(), with);
}

TEST(SpfMacro, CutsANameAtItsLabels) {
  const std::string label(62, 'x');
  const std::string four = label + "." + label + "." + label + "." + label;  // 251 octets
  EXPECT_EQ(domain("%{d}." + four + ".", values()), four);                   // 269 octets
  auto with = values();
  with.domain = "a." + four;
  EXPECT_EQ(domain("%{d}", with), with.domain);  // 253 octets, the most
  EXPECT_EQ(domain("b.%{d}", with), with.domain);
  with.domain += ".";
  EXPECT_EQ(domain("%{d}", with), "a." + four);
  EXPECT_EQ(domain("c%{d}", with), four);
  with.domain = "ab." + four;
  EXPECT_EQ(domain("%{d}", with), four);  // 254
  with.domain += ".";
  EXPECT_EQ(domain("c%{d}", with), four);
  with.domain = std::string(254, 'x');
  EXPECT_EQ(domain("%{d}", with), "");
  EXPECT_EQ(domain("%{d}.org", with), "org");
}

// CVE-2021-33913: %{dr} of a long label.
TEST(SpfMacro, TurnsLongLabelsAround) {
  auto with = values();
  with.domain = std::string(63, 'a') + "." + std::string(63, 'b') + ".example";
  EXPECT_EQ(domain("%{dr}.org", with),
            "example." + std::string(63, 'b') + "." + std::string(63, 'a') + ".org");
  with.helo = std::string(60'000, 'h') + ".x";
  EXPECT_EQ(domain("%{hr}.org", with), "org");
  EXPECT_EQ(domain("%{H}.org", with), "x.org");
}

TEST(SpfMacro, DoesNotExpandWhatItWouldCutOff) {
  std::string text;
  while (text.size() < 60'000)
    text += "%{l1r-}";
  auto with = values();
  with.local_part = std::string(1'000'000, 'y');
  EXPECT_EQ(domain(text + ".example.org", with), "example.org");
  EXPECT_EQ(expand_text(*parse_explain_string(text), with, 512), std::string(512, 'y'));
}

TEST(SpfMacro, QuotesStrangersOnOneShortLine) {
  EXPECT_EQ(spf_quoted("a\r\nb\x1b[2J\xE9"), "a??b?[2J?");
  EXPECT_EQ(spf_quoted(std::string(100, 'x')), std::string(60, 'x') + "...");
}

}  // namespace
}  // namespace guichet::filters
