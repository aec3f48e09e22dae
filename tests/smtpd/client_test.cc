#include "smtpd/client.h"

#include <gtest/gtest.h>

namespace guichet::smtpd::test {
namespace {

TEST(Client, IsWrittenWithThePortWhereThatIsKnown) {
  EXPECT_EQ(to_text(Client{.address = "192.0.2.1", .port = 40312}), "192.0.2.1:40312");
  EXPECT_EQ(to_text(Client{.address = "2001:db8::1", .port = 25}), "[2001:db8::1]:25");
  EXPECT_EQ(to_text(Client{.address = "2001:db8::1"}), "2001:db8::1");
  EXPECT_EQ(to_text(Client{.address = "", .port = 25}), "unknown");
}

}  // namespace
}  // namespace guichet::smtpd::test
