#include "filters/ip_address.h"

#include <gtest/gtest.h>

namespace guichet::filters {
namespace {

TEST(IpAddress, ReadsWholeAddressesOnly) {
  for (const auto* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255"})
    EXPECT_TRUE(parse_ip4(text)) << text;
  for (const auto* text : {"", "192.0.2", "192.0.2.01", "192.0.2.256", " 192.0.2.1", "192.0.2.1 ", "0x7f.1"})
    EXPECT_FALSE(parse_ip4(text)) << text;
  for (const auto* text : {"::", "2001:DB8::1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"})
    EXPECT_TRUE(parse_ip6(text)) << text;
  for (const auto* text : {"", ":", "1::2::3", "12345::", "fe80::1%lo", "[::1]", "192.0.2.1"})
    EXPECT_FALSE(parse_ip6(text)) << text;
  EXPECT_FALSE(parse_ip4(std::string_view("192.0.2.1\0.x", 12)));
}

TEST(IpAddress, TakesAMappedClientForIpv4) {
  EXPECT_EQ(parse_client("::FFFF:192.0.2.1"), parse_ip4("192.0.2.1"));
  EXPECT_EQ(parse_ip6("::ffff:192.0.2.1")->octets.size(), 16u);
  EXPECT_EQ(parse_client("::192.0.2.1")->octets.size(), 16u);
}

struct Shared {
  const char *a, *b;
  unsigned bits;
  bool shares;
};

TEST(IpAddress, SharesLeadingBits) {
  const auto read = [](const char* text) { return *parse_client(text); };
  for (const auto& c :
       {Shared{"192.0.2.1", "192.0.2.1", 32, true}, Shared{"192.0.2.1", "192.0.2.0", 32, false},
        Shared{"192.0.2.1", "192.0.2.0", 31, true}, Shared{"10.0.0.0", "11.0.0.0", 7, true},
        Shared{"10.0.0.0", "11.0.0.0", 8, false}, Shared{"1.2.3.4", "9.9.9.9", 0, true},
        Shared{"1.2.3.4", "::", 0, false}, Shared{"1.2.3.4", "1.2.3.4", 33, false},
        Shared{"2001:db8::", "2001:db8:8000::", 32, true},
        Shared{"2001:db8::", "2001:db8:8000::", 33, false}})
    EXPECT_EQ(read(c.a).shares(read(c.b), c.bits), c.shares) << c.a << " " << c.b << " " << c.bits;
}

TEST(IpAddress, NamesItselfBackwards) {
  EXPECT_EQ(pointer_name(*parse_ip4("192.0.2.10")), "10.2.0.192.in-addr.arpa");
  EXPECT_EQ(pointer_name(*parse_ip6("2001:db8::1f")),
            "F.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(to_text(*parse_ip6("2001:0DB8:0::0001")), "2001:db8::1");
}

}  // namespace
}  // namespace guichet::filters
