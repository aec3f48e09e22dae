#include "smtpd/reply.h"

#include <gtest/gtest.h>

namespace guichet::smtpd::test {
namespace {

TEST(Reply, WritesOneLine) {
  EXPECT_EQ((Reply{250, "2.1.0", "Ok"}.octets()), "250 2.1.0 Ok\r\n");
  EXPECT_EQ((Reply{354, "", "Go"}.octets()), "354 Go\r\n");
}

TEST(Reply, RepeatsTheCodesOnEveryLine) {
  EXPECT_EQ((Reply{550, "5.7.1", "one\ntwo\n"}.octets()), "550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 \r\n");
}

TEST(Reply, IsPrintableWhateverWasPutIn) {
  EXPECT_EQ((Reply{550, "", "a\rb\x1b\xc3\xbc\tc"}.octets()), "550 a?b???\tc\r\n");
}

TEST(Reply, CutsALineAtTheLimit) {
  const auto octets = Reply{550, "5.1.1", std::string(600, 'x') + "\nshort"}.octets();
  EXPECT_EQ(octets.find("\r\n"), 510U);
  EXPECT_EQ(octets.substr(512), "550 5.1.1 short\r\n");
}

}  // namespace
}  // namespace guichet::smtpd::test
