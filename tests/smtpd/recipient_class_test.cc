#include "smtpd/recipient_class.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::smtpd {
namespace {

using enum RecipientClass;

constexpr SiteAddresses site{.prefix = "foi+", .secret = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx"};

TEST(RecipientClass, OfEveryKindOfRequestAddress) {
  for (const auto* address :
       {"foi+request-14-e0e09f97@x", "FOI+Request-14-E0E09F97@EXAMPLE.COM", "request-14-eoeo9f97@other.tld",
        "request-bounce-14-e0e09f97@x", "'request-14-e0e09f97@x'", "foi+request-14-e0e09f97-foo@x"})
    EXPECT_EQ(site_class(address, site), genuine) << address;
  for (const auto* address :
       {"foi+request-14-e0e09f9@x", "foi+request14e0e09f97@x", "foi+request-14e0e09f97@x",
        "foi+request-l4-e0e09f97@x", "foi+request_14_e0e09f97@x", "foi+request--14-e0e09f97@x",
        "Foi+Request-15-E0E09F97@x", "foi+request-bounce-14@x"})
    EXPECT_EQ(site_class(address, site), repairable) << address;
  for (const auto* address : {"foi@x", "FOI+@x", "foibles@x", "foi+request-1@x", "foi+question@x"})
    EXPECT_EQ(site_class(address, site), prefix) << address;
  for (const auto* address : {"request-14-e0e09f9@x", "fo@x", "someone@x", "@x", ""})
    EXPECT_EQ(site_class(address, site), unknown) << address;
}

TEST(RecipientClass, WithoutASecretThePrefixIsAllThatCanBeTold) {
  const SiteAddresses unsecured{.prefix = "foi+", .secret = ""};
  EXPECT_EQ(site_class("foi+request-14-e0e09f97@x", unsecured), prefix);
  EXPECT_EQ(site_class("request-14-e0e09f97@x", unsecured), unknown);
}

TEST(RecipientClass, WithoutAPrefixEverythingIsTheSites) {
  const SiteAddresses all{.prefix = "", .secret = site.secret};
  EXPECT_EQ(site_class("request-14-e0e09f97@x", all), genuine);
  EXPECT_EQ(site_class("request-14-e0e09f9@x", all), repairable);
  EXPECT_EQ(site_class("someone@x", all), prefix);
}

TEST(RecipientClass, NamesAreReadBack) {
  for (const auto each : {genuine, repairable, prefix, listed, local, unknown})
    EXPECT_EQ(recipient_class_of(name_of(each)), each);
  EXPECT_EQ(name_of(repairable), "REPAIRABLE");
  EXPECT_EQ(recipient_class_of("genuine"), std::nullopt);
}

}  // namespace
}  // namespace guichet::smtpd
