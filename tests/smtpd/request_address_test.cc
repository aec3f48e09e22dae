#include "smtpd/request_address.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::smtpd {
namespace {

// The secrets that Alaveteli's own configuration and tests publish.
constexpr std::string_view standard = "dummysecret";
constexpr std::string_view specs = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx";

TEST(RequestAddress, PublishedHashes) {
  EXPECT_EQ(request_hash(3, standard), "691c8388");
  EXPECT_EQ(request_hash(101, specs), "50929748");
  EXPECT_EQ(request_hash(14, specs), "e0e09f97");
  EXPECT_EQ(request_hash(83, specs), "38b1b5b2");
}

TEST(RequestAddress, IsReadWithAlavetelisTolerance) {
  for (const auto* address : {"foi+request-14-e0e09f97@example.com", "FOI+Request-14-E0E09F97@EXAMPLE.COM",
                              "request-14-eoeo9f97@other.tld", "request-bounce-14-e0e09f97@x",
                              "'request-14-e0e09f97@x'", "foi+request-14-e0e09f97-foo@x"})
    EXPECT_EQ(exact_request(address, specs), 14U) << address;
}

TEST(RequestAddress, IdsAreRubyIntegers) {
  for (const auto* id : {"83", "0123", "0x53", "0o123", "0d83", "0b1010011"})
    EXPECT_EQ(exact_request(std::string("request-") + id + "-38b1b5b2@x", specs), 83U) << id;
  for (const auto* id : {"083", "0x", "0b2", "83a", "0xx53", "99999999999999999999999"})
    EXPECT_EQ(exact_request(std::string("request-") + id + "-38b1b5b2@x", specs), std::nullopt) << id;
}

TEST(RequestAddress, AnythingElseIsNoExactMatch) {
  for (const auto* address :
       {"foi+request-14-e0e09f9@x", "foi+request14e0e09f97@x", "foi+request-14e0e09f97@x",
        "foi+request-l4-e0e09f97@x", "foi+request_14_e0e09f97@x", "foi+request--14-e0e09f97@x", "foi@x",
        "foi+request-15-e0e09f97@x", "request-331612-13811a2b@x", ""})
    EXPECT_EQ(exact_request(address, specs), std::nullopt) << address;
}

}  // namespace
}  // namespace guichet::smtpd
