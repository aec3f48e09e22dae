#include "net/dns_record.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::net {
namespace {

using namespace std::string_literals;

TEST(DnsRecord, IsTextOfEachType) {
  EXPECT_EQ(record_text(RecordType::a, "\xc0\x00\x02\x01"s), "192.0.2.1");
  EXPECT_EQ(record_text(RecordType::aaaa, "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"),
            "2001:db8::1");
  EXPECT_EQ(record_text(RecordType::ptr, "\4mail\7example\0"s), "mail.example");
  EXPECT_EQ(record_text(RecordType::mx, "\1\2\4mail\7example\0"s), "258 mail.example");
  EXPECT_EQ(record_text(RecordType::txt, "\3v=s\2pf"s), "v=spf");
  EXPECT_EQ(record_text(RecordType::txt, ""), "");
}

TEST(DnsRecord, OfTheWrongLengthIsNone) {
  for (const auto& octets : {""s, "\1\2\3"s, "\1\2\3\4\5"s}) {
    EXPECT_FALSE(record_text(RecordType::a, octets));
    EXPECT_FALSE(record_text(RecordType::aaaa, octets));
  }
  EXPECT_FALSE(record_text(RecordType::mx, "\1\2"s));
  EXPECT_FALSE(record_text(RecordType::txt, "\5four"s));
}

// A name that is cut, goes on behind its end, is empty, points elsewhere, or holds what no machine is called.
TEST(DnsRecord, TakesNoNameThatIsNone) {
  for (const auto& octets : {""s, "\0"s, "\4mail"s, "\4mai\0"s, "\5mail\0"s, "\4mail\0x"s, "\xc0\x0c"s,
                             "\4mail\xc0\x0c"s, "\x40"s + std::string(64, 'a') + "\0"s, "\4ma l\0"s,
                             "\5ma\r\nl\0"s, "\5ma.il\0"s, "\4m\xc3\xa4l\0"s}) {
    EXPECT_FALSE(record_text(RecordType::ptr, octets)) << testing::PrintToString(octets);
    EXPECT_FALSE(record_text(RecordType::mx, "\0\1"s + octets)) << testing::PrintToString(octets);
  }
  std::string longest;
  for (int i = 0; i < 127; ++i)
    longest += "\1a"s;
  EXPECT_TRUE(record_text(RecordType::ptr, longest + "\0"s));
  EXPECT_FALSE(record_text(RecordType::ptr, longest + "\1a\0"s));
}

}  // namespace
}  // namespace guichet::net
