#include "smtpd/policy.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::smtpd {
namespace {

TEST(RoutePattern, StarsStandForAnything) {
  EXPECT_TRUE(fits("postmaster@example.test", "PostMaster@Example.TEST"));
  EXPECT_TRUE(fits("abuse@*", "abuse@example.test"));
  EXPECT_TRUE(fits("*-team@*.test", "press-team@example.test"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("a**b", "ab"));
  EXPECT_FALSE(fits("abuse@example.test", "abuse@example.test.evil"));
  EXPECT_FALSE(fits("abuse@example.test", "xabuse@example.test"));
  EXPECT_FALSE(fits("a*b", "a"));
  EXPECT_FALSE(fits("", "a"));
}

TEST(RoutePattern, AHostileAddressTakesNoTime) {
  const std::string address(4000, 'a');
  EXPECT_FALSE(fits("*a*a*a*a*a*a*a*a*b", address));
}

std::string maildrop_of(const Policy& policy, std::string_view path) {
  const auto parsed = parse_path("<" + std::string(path) + ">");
  const auto ruling = policy.rule(parsed.value().path);
  if (!ruling.taken()) return "refused";
  const auto& recipient = std::get<store::Recipient>(ruling.answer);
  return recipient.maildrop.empty() ? "black hole" : recipient.maildrop;
}

class Routes : public ::testing::Test {
 protected:
  const Policy policy{
      {{.domain = "example.test", .prefix = "foi+", .maildrop = "foi", .secret = "", .strict = false},
       {.domain = "other.test", .prefix = "", .maildrop = "other", .secret = "", .strict = false}},
      {{{"postmaster@*", "abuse@example.test"}, "people"},
       {{"do-not-reply@example.test"}, ""},
       {{"*@elsewhere.test"}, "people"}}};
};

TEST_F(Routes, AreAskedBeforeTheSites) {
  EXPECT_EQ(maildrop_of(policy, "postmaster@example.test"), "people");
  EXPECT_EQ(maildrop_of(policy, "postmaster@other.test"), "people");
  EXPECT_EQ(maildrop_of(policy, "Postmaster"), "people");
  const auto bare = policy.rule(parse_path("<POSTMASTER>")->path);
  EXPECT_EQ(std::get<store::Recipient>(bare.answer).address, "postmaster@example.test")
      << "one person, one way of writing";
  EXPECT_EQ(maildrop_of(policy, "abuse@example.test"), "people");
  EXPECT_EQ(maildrop_of(policy, "abuse@other.test"), "other");
  EXPECT_EQ(maildrop_of(policy, "foi+request-1@example.test"), "foi");
  EXPECT_EQ(maildrop_of(policy, "do-not-reply@example.test"), "black hole");
  EXPECT_EQ(maildrop_of(policy, "nobody@example.test"), "refused");
}

TEST_F(Routes, NeverMakeARelay) {
  EXPECT_EQ(maildrop_of(policy, "anybody@elsewhere.test"), "refused");
  EXPECT_EQ(maildrop_of(policy, "postmaster@elsewhere.test"), "refused");
  EXPECT_EQ(maildrop_of(policy, "\"postmaster@example.test\"@elsewhere.test"), "refused");
}

// --- The classes and what a site does with them --------------------------------------------------------

constexpr const char* specs = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx";
constexpr const char* standard = "dummysecret";

Ruling rule(const Policy& policy, std::string_view path) {
  return policy.rule(parse_path("<" + std::string(path) + ">").value().path);
}

std::string_view class_of(const Policy& policy, std::string_view path) {
  return name_of(rule(policy, path).recipient_class);
}

// "" when it is taken.
std::string refusal(const Policy& policy, std::string_view path) {
  const auto ruling = rule(policy, path);
  return ruling.taken() ? "" : std::get<Reply>(ruling.answer).octets();
}

Policy one_site(bool strict) {
  return Policy{
      {{.domain = "example.test", .prefix = "foi+", .maildrop = "foi", .secret = specs, .strict = strict}},
      {{{"team@example.test"}, "people"}, {{"do-not-reply@example.test"}, ""}}};
}

TEST(SitePolicy, PrefixTakesWhatPostfixTakesAndTellsTheClass) {
  const auto policy = one_site(false);
  const std::vector<std::pair<const char*, const char*>> taken{
      {"foi+request-14-e0e09f97@example.test", "GENUINE"},
      {"FOI+Request-14-EoEo9f97@Example.Test", "GENUINE"},
      {"request-14-e0e09f97@example.test", "GENUINE"},
      {"foi+request-14-e0e09f9@example.test", "REPAIRABLE"},
      {"foi+request14e0e09f97@example.test", "REPAIRABLE"},
      {"foi@example.test", "PREFIX"},
      {"foibles@example.test", "PREFIX"},
      {"postmaster@example.test", "LOCAL"},
      {"PostMaster", "LOCAL"},
      {"team@example.test", "LOCAL"},
      {"do-not-reply@example.test", "LOCAL"}};
  for (const auto& [address, expected] : taken) {
    EXPECT_EQ(refusal(policy, address), "") << address;
    EXPECT_EQ(class_of(policy, address), expected) << address;
  }
  for (const auto* address : {"someone@example.test", "request-14-e0e09f9@example.test",
                              "foi+request-14-e0e09f97@elsewhere.test", "foi+request-14-e0e09f97"}) {
    EXPECT_EQ(class_of(policy, address), "UNKNOWN") << address;
    EXPECT_EQ(refusal(policy, address).substr(0, 10), "550 5.1.1 ") << address;
  }
}

TEST(SitePolicy, StrictTakesGenuineAndLocalAddressesOnly) {
  const auto policy = one_site(true);
  for (const auto* address :
       {"foi+request-14-e0e09f97@example.test", "request-bounce-14-e0e09f97@example.test",
        "postmaster@example.test", "team@example.test", "do-not-reply@example.test"})
    EXPECT_EQ(refusal(policy, address), "") << address;
  EXPECT_EQ(refusal(policy, "foi+request-14-e0e09f9@example.test"),
            "550 5.1.1 <foi+request-14-e0e09f9@example.test>: the last part of this address does not match "
            "request 14 here; please copy the whole address from the page of the request, or reply to the "
            "original message\r\n");
  EXPECT_EQ(refusal(policy, "foi+request_14_e0e09f97@example.test"),
            "550 5.1.1 <foi+request_14_e0e09f97@example.test>: the last part of this address does not match "
            "any request here; please copy the whole address from the page of the request, or reply to the "
            "original message\r\n");
  EXPECT_EQ(refusal(policy, "foi@example.test"),
            "550 5.1.1 <foi@example.test>: this is not the address of a request, which looks like "
            "foi+request-NUMBER-CODE@example.test; please copy the whole address from the page of the "
            "request, or reply to the original message\r\n");
  EXPECT_EQ(refusal(policy, "someone@example.test"),
            "550 5.1.1 <someone@example.test>: no such recipient here; please check the address you reply "
            "to\r\n");
}

TEST(SitePolicy, EverySentenceFitsIntoOneLineHoweverLongTheAddress) {
  const Policy policy{{{.domain = std::string(250, 'd') + ".test",
                        .prefix = std::string(60, 'p') + "+",
                        .maildrop = "foi",
                        .secret = specs,
                        .strict = true}}};
  const auto domain = "@" + policy.sites().front().domain;
  const auto start = policy.sites().front().prefix;
  const auto huge = std::string(3000, 'x');
  for (const auto& address :
       {start + "request-18446744073709551615-e0e09f9" + domain, start + "request-14-" + huge + domain,
        start + huge + domain, huge + domain, huge + "@" + huge}) {
    const auto line = refusal(policy, address);
    EXPECT_LE(line.size(), 512U);
    EXPECT_TRUE(line.ends_with("message\r\n") || line.ends_with("reply to\r\n")) << line;
  }
}

TEST(SitePolicy, WithoutASecretThePrefixIsAllThereIs) {
  const Policy policy{{{.domain = "example.test", .prefix = "foi+", .maildrop = "foi", .secret = ""}}};
  EXPECT_EQ(class_of(policy, "foi+request-14-e0e09f97@example.test"), "PREFIX");
  EXPECT_EQ(class_of(policy, "request-14-e0e09f97@example.test"), "UNKNOWN");
}

// One machine for the site, the one it is tried on, and another body's.
class SeveralSites : public ::testing::Test {
 protected:
  const Policy policy{
      {{.domain = "example.test", .prefix = "foi+", .maildrop = "foi", .secret = specs, .strict = true},
       {.domain = "example.test", .prefix = "foi-staging+", .maildrop = "staging", .secret = standard},
       {.domain = "other.test", .prefix = "dada+", .maildrop = "dada", .secret = standard}}};
};

TEST_F(SeveralSites, AtOneDomainTheLongestPrefixCounts) {
  EXPECT_EQ(maildrop_of(policy, "foi+request-14-e0e09f97@example.test"), "foi");
  EXPECT_EQ(maildrop_of(policy, "foi-staging+request-14-e77766da@example.test"), "staging");
  EXPECT_EQ(class_of(policy, "foi-staging+request-14-e77766da@example.test"), "GENUINE");
  EXPECT_EQ(maildrop_of(policy, "foi-staging+anything@example.test"), "staging");
  EXPECT_EQ(maildrop_of(policy, "foi+anything@example.test"), "refused") << "each has its own policy";
}

TEST_F(SeveralSites, ASecretIsGoodForItsOwnSiteOnly) {
  EXPECT_EQ(class_of(policy, "foi+request-14-e77766da@example.test"), "REPAIRABLE");
  EXPECT_EQ(class_of(policy, "dada+request-14-e77766da@other.test"), "GENUINE");
  EXPECT_EQ(class_of(policy, "dada+request-14-e0e09f97@other.test"), "REPAIRABLE");
}

TEST_F(SeveralSites, WithoutAPrefixTheHashSaysWhoseItIs) {
  EXPECT_EQ(maildrop_of(policy, "request-14-e0e09f97@example.test"), "foi");
  EXPECT_EQ(maildrop_of(policy, "request-14-e77766da@example.test"), "staging");
  EXPECT_EQ(maildrop_of(policy, "request-14-00000000@example.test"), "refused");
}

TEST_F(SeveralSites, PostmasterIsEverySites) {
  EXPECT_EQ(maildrop_of(policy, "postmaster@other.test"), "dada");
  EXPECT_EQ(maildrop_of(policy, "postmaster@example.test"), "foi");
  EXPECT_EQ(maildrop_of(policy, "postmaster"), "foi");
}

// An alias is a route into another maildrop, in which * may stand for every request.
TEST(Aliases, LeadFromOneMaildropToAnother) {
  const Policy policy{
      {{.domain = "example.test", .prefix = "foi+", .maildrop = "foi", .secret = specs, .strict = true}},
      {{{"old-foi@example.test"}, "foi"},
       {{"foi+support*@example.test"}, "people"},
       {{"void-*@example.test"}, ""}}};
  EXPECT_EQ(maildrop_of(policy, "Old-FOI@example.test"), "foi");
  EXPECT_EQ(maildrop_of(policy, "foi+support-7@example.test"), "people");
  EXPECT_EQ(maildrop_of(policy, "void-bounces@example.test"), "black hole");
  EXPECT_EQ(maildrop_of(policy, "foi+other@example.test"), "refused");
  const auto ruling = rule(policy, "foi+support-7@example.test");
  EXPECT_EQ(ruling.route, &policy.routes().at(1));
  EXPECT_EQ(ruling.recipient_class, RecipientClass::local);
}

TEST(Listed, IsRefusedBeforeAnythingElseIsAsked) {
  const auto list = std::make_shared<CurrentRejectList>();
  const Policy policy{{{.domain = "example.test",
                        .prefix = "foi+",
                        .maildrop = "foi",
                        .secret = specs,
                        .strict = false,
                        .reject_list = list},
                       {.domain = "other.test", .prefix = "foi+", .maildrop = "other", .secret = specs}},
                      {{{"foi+request-1-*@example.test"}, "people"}}};
  EXPECT_EQ(class_of(policy, "foi+request-14-e0e09f97@example.test"), "GENUINE");
  list->set(
      std::make_shared<RejectList>("foi+request-14-e0e09f97@example.test REJECT\n"
                                   "foi+request-1-6d5ed5da@example.test REJECT\n"
                                   "postmaster@example.test REJECT\n"));
  EXPECT_EQ(class_of(policy, "FOI+request-14-e0e09f97@Example.test"), "LISTED");
  EXPECT_EQ(
      refusal(policy, "foi+request-14-e0e09f97@example.test"),
      "550 5.1.1 <foi+request-14-e0e09f97@example.test>: this request takes no more messages, and yours "
      "was not delivered; its page says why, and postmaster@example.test reads what should be added to "
      "it\r\n");
  EXPECT_EQ(maildrop_of(policy, "foi+request-1-6d5ed5da@example.test"), "refused") << "before the routes";
  EXPECT_EQ(maildrop_of(policy, "postmaster@example.test"), "foi") << "RFC 5321 4.5.1";
  EXPECT_EQ(maildrop_of(policy, "foi+request-14-e0e09f97@other.test"), "other") << "another site";
  list->set(std::make_shared<RejectList>(""));
  EXPECT_EQ(class_of(policy, "foi+request-14-e0e09f97@example.test"), "GENUINE");
}

}  // namespace
}  // namespace guichet::smtpd
