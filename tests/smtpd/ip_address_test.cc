#include "smtpd/ip_address.h"

#include <gtest/gtest.h>

#include "smtpd/door_entries.h"

namespace guichet::smtpd::test {
namespace {

using namespace std::string_literals;

TEST(IpAddress, IsReadInBothFamilies) {
  EXPECT_EQ(parse_ip("192.0.2.1")->octets, "\xc0\x00\x02\x01"s);
  EXPECT_EQ(parse_ip("::ffff:192.0.2.1"), parse_ip("192.0.2.1"));
  EXPECT_EQ(parse_ip("2001:db8::1")->octets.size(), 16u);
  for (const auto& text : {""s, "192.0.2"s, "192.0.2.256"s, "192.0.2.1\0"s, "name"s, "[::1]"s, " ::1"s})
    EXPECT_FALSE(parse_ip(text)) << text;
}

TEST(IpAddress, HasANeighbourhood) {
  EXPECT_EQ(neighbourhood(*parse_ip("192.0.2.77")), "192.0.2.0/24");
  EXPECT_EQ(neighbourhood(*parse_ip("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
}

TEST(IpAddress, HasANameInDns) {
  EXPECT_EQ(pointer_name(*parse_ip("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(name_in_list(*parse_ip("192.0.2.1"), "zen.example"), "1.2.0.192.zen.example");
  EXPECT_EQ(pointer_name(*parse_ip("2001:db8::567:89ab")),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(IpNetwork, ContainsWhatSharesItsBits) {
  const auto within = [](const char* network, const char* address) {
    return parse_network(network)->contains(*parse_ip(address));
  };
  EXPECT_TRUE(within("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(within("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(within("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(within("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(within("0.0.0.0/0", "255.1.2.3"));
  EXPECT_FALSE(within("0.0.0.0/0", "::1"));
  EXPECT_TRUE(within("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(within("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(within("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(within("2001:db8::/33", "2001:db8:8000::1"));
  for (const auto* text : {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/8x", "/8", "::/129"})
    EXPECT_FALSE(parse_network(text)) << text;
}

TEST(DoorEntries, MeanNetworksSendersAndNames) {
  DoorEntries entries;
  for (const auto* entry :
       {"192.0.2.0/24", "clerk@town.example", "@city.example", "<>", "mail.state.example", ".land.example"})
    entries.add(entry);
  EXPECT_FALSE(entries.empty());
  const auto match = [&](const char* client, const char* name, const char* sender) {
    return std::string(entries.match(client, name, sender));
  };
  EXPECT_EQ(match("192.0.2.9", "", "x@y"), "192.0.2.0/24");
  EXPECT_EQ(match("198.51.100.1", "", "CLERK@town.example"), "clerk@town.example");
  EXPECT_EQ(match("198.51.100.1", "", "a@City.Example"), "@city.example");
  EXPECT_EQ(match("198.51.100.1", "", "a@sub.city.example"), "");
  EXPECT_EQ(match("198.51.100.1", "", ""), "<>");
  EXPECT_EQ(match("198.51.100.1", "Mail.State.Example", "x@y"), "mail.state.example");
  EXPECT_EQ(match("198.51.100.1", "a.mail.state.example", "x@y"), "");
  EXPECT_EQ(match("198.51.100.1", "a.b.land.example", "x@y"), ".land.example");
  EXPECT_EQ(match("198.51.100.1", "land.example", "x@y"), ".land.example");
  EXPECT_EQ(match("198.51.100.1", "badland.example", "x@y"), "");
  EXPECT_EQ(match("198.51.100.1", "", "x@y"), "");
  EXPECT_TRUE(DoorEntries().empty());
}

TEST(DoorEntries, StandInAFileOneALine) {
  std::string found;
  for (const auto& [number, entry] : door_lines("# towns\n 192.0.2.0/24 \r\n\n@b.example # all of it\n<>"))
    found += std::to_string(number) + " " + std::string(entry) + "\n";
  EXPECT_EQ(found, "2 192.0.2.0/24\n4 @b.example\n5 <>\n");
  EXPECT_TRUE(door_lines("").empty());
}

}  // namespace
}  // namespace guichet::smtpd::test
