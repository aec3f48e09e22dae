#include "smtpd/policy.h"

#include <gtest/gtest.h>

#include <chrono>

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
  const auto answer = policy.recipient(parsed.value().path);
  if (std::holds_alternative<Reply>(answer)) return "refused";
  const auto& recipient = std::get<store::Recipient>(answer);
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

}  // namespace
}  // namespace guichet::smtpd
