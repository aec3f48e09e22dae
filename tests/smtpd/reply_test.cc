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

TEST(Reply, SoftenedHasASenderComeBack) {
  const auto soft = [](Reply reply) { return softened(std::move(reply)).octets(); };
  EXPECT_EQ(soft({550, "5.1.1", "no such recipient"}), "450 4.1.1 no such recipient\r\n");
  EXPECT_EQ(soft({501, "5.1.7", "Bad sender"}), "450 4.1.7 Bad sender\r\n");
  EXPECT_EQ(soft({552, "5.3.4", "too large"}), "452 4.3.4 too large\r\n");
  EXPECT_EQ(soft({554, "", "go away"}), "450 go away\r\n");
}

TEST(Reply, SoftenedLeavesAloneWhatRefusesNoMail) {
  for (const int code : {220, 250, 354, 421, 450, 452, 500, 502, 503})
    EXPECT_EQ(softened({code, "5.5.1", ""}).code, code);
  EXPECT_EQ(softened({502, "5.5.1", ""}).enhanced, "5.5.1");
}

}  // namespace
}  // namespace guichet::smtpd::test
