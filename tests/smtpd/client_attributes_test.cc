#include "smtpd/client_attributes.h"

#include <gtest/gtest.h>

namespace guichet::smtpd::test {
namespace {

ClientAttributes xclient(std::string_view argument, ClientAttributes so_far = {}) {
  const auto told = parse_xclient(argument, std::move(so_far));
  EXPECT_TRUE(told) << argument << ": " << told.error().text;
  return told.value_or(ClientAttributes{});
}

ClientAttributes xforward(std::string_view argument, ClientAttributes so_far = {}) {
  const auto told = parse_xforward(argument, std::move(so_far));
  EXPECT_TRUE(told) << argument << ": " << told.error().text;
  return told.value_or(ClientAttributes{});
}

std::string refusal(std::string_view argument) {
  const auto told = parse_xclient(argument, {});
  if (told) return "taken";
  EXPECT_EQ(told.error().code, 501);
  EXPECT_EQ(told.error().enhanced, "5.5.4");
  return told.error().text;
}

TEST(ClientAttributes, OfXclient) {
  const auto told = xclient("NAME=spike.example ADDR=192.0.2.1 PORT=40248 proto=esmtp HELO=spike.example");
  EXPECT_EQ(told.name, "spike.example");
  EXPECT_EQ(told.address, "192.0.2.1");
  EXPECT_EQ(told.port, 40248);
  EXPECT_EQ(told.protocol, "esmtp");
  EXPECT_EQ(told.helo, "spike.example");
  EXPECT_EQ(xclient("ADDR=IPV6:2001:DB8:0::1").address, "2001:db8::1");
  EXPECT_EQ(xclient("ADDR=ipv6:::ffff:192.0.2.1").address, "192.0.2.1");
  const auto unknown = xclient("NAME=[TEMPUNAVAIL] ADDR=[unavailable] PORT=[UNAVAILABLE] HELO=[UNAVAILABLE]");
  EXPECT_EQ(unknown.name, "");
  EXPECT_EQ(unknown.address, "");
  EXPECT_EQ(unknown.port, 0);
  EXPECT_EQ(unknown.helo, "");
  EXPECT_FALSE(unknown.protocol);
}

TEST(ClientAttributes, AreGatheredOverCommands) {
  const auto told = xclient("HELO=b.example NAME=b.example", xclient("NAME=a.example ADDR=192.0.2.1"));
  EXPECT_EQ(told.address, "192.0.2.1");
  EXPECT_EQ(told.name, "b.example");
  EXPECT_EQ(told.helo, "b.example");
}

TEST(ClientAttributes, AreDecodedAndMadeHarmless) {
  EXPECT_EQ(xclient("HELO=two+20words+2B").helo, "two words+");
  EXPECT_EQ(xclient("HELO=a+0D+0Ab+00").helo, "a??b?");
  EXPECT_EQ(xclient("HELO=" + std::string(255, 'x')).helo, std::string(255, 'x'));
  EXPECT_EQ(xforward("NAME=not+20a+20name").name, "not a name");
}

TEST(ClientAttributes, ThatAreNone) {
  EXPECT_EQ(refusal("NAME"), "Error: attribute=value expected");
  EXPECT_EQ(refusal("NAME="), "Error: attribute=value expected");
  EXPECT_EQ(refusal("=x"), "Bad XCLIENT attribute name: ");
  EXPECT_EQ(refusal("LOGIN=someone"), "Bad XCLIENT attribute name: LOGIN");
  EXPECT_EQ(refusal("IDENT=1234"), "Bad XCLIENT attribute name: IDENT");
  EXPECT_EQ(refusal("HELO=" + std::string(256, 'x')), "Error: attribute value too long");
  for (const auto* value : {"192.0.2.256", "192.0.2.01", "2001:db8::1", "IPV6:192.0.2.1",
                            "IPV6:", "[192.0.2.1]", "mx.example", "192.0.2.1+00", "+3"})
    EXPECT_EQ(refusal(std::string("ADDR=") + value), std::string("Bad ADDR syntax: ") + value);
  for (const auto* value : {"65536", "-1", "+31x", "x", "1.0"})
    EXPECT_EQ(refusal(std::string("PORT=") + value), std::string("Bad PORT syntax: ") + value);
  EXPECT_EQ(refusal("PROTO=LMTP"), "Bad PROTO syntax: LMTP");
  EXPECT_EQ(refusal("NAME=a/b"), "Bad NAME syntax: a/b");
  EXPECT_EQ(refusal("HELO=a+0g"), "Bad HELO syntax: a+0g");
  EXPECT_EQ(refusal("ADDR=192.0.2.1 HELO=+"), "Bad HELO syntax: +");
}

TEST(ClientAttributes, OfXforward) {
  const auto told = xforward("PROTO=ESMTPS HELO=a.example IDENT=4Rb0Xz1 SOURCE=REMOTE",
                             xforward("NAME=a.example ADDR=192.0.2.1 PORT=40248"));
  EXPECT_EQ(told.ident, "4Rb0Xz1");
  EXPECT_EQ(told.protocol, "ESMTPS");
  EXPECT_FALSE(told.local);
  EXPECT_TRUE(xforward("SOURCE=local").local);
  EXPECT_FALSE(parse_xforward("SOURCE=ELSEWHERE", {}));
  EXPECT_FALSE(parse_xforward("REVERSE_NAME=a.example", {}));
}

TEST(ClientAttributes, MakeTheClient) {
  const Client proxy{.address = "127.0.0.2", .port = 1, .name = "proxy.example"};
  EXPECT_EQ(told_by_xclient(proxy, xclient("ADDR=192.0.2.1")),
            (Client{.address = "192.0.2.1", .told_by = ToldBy::xclient}));
  EXPECT_EQ(told_by_xclient(proxy, xclient("HELO=a.example")), (Client{.address = "127.0.0.2",
                                                                       .port = 1,
                                                                       .name = "proxy.example",
                                                                       .helo = "a.example",
                                                                       .told_by = ToldBy::xclient}));
}

TEST(ClientAttributes, MakeTheClientOfATransaction) {
  const Client upstream{.address = "127.0.0.2", .port = 1, .helo = "mx.example", .trusted_upstream = true};
  EXPECT_EQ(told_by_xforward(upstream, {}), upstream);
  EXPECT_EQ(told_by_xforward(upstream, xforward("IDENT=1")), upstream);
  EXPECT_EQ(told_by_xforward(upstream, xforward("ADDR=[UNAVAILABLE] SOURCE=LOCAL")), upstream);
  EXPECT_EQ(told_by_xforward(upstream, xforward("ADDR=[UNAVAILABLE] SOURCE=REMOTE")),
            (Client{.address = "", .told_by = ToldBy::xforward, .trusted_upstream = true}));
  EXPECT_EQ(told_by_xforward(upstream, xforward("ADDR=192.0.2.1 PORT=2 NAME=a.example HELO=b.example")),
            (Client{.address = "192.0.2.1",
                    .port = 2,
                    .name = "a.example",
                    .helo = "b.example",
                    .told_by = ToldBy::xforward,
                    .trusted_upstream = true}));
}

}  // namespace
}  // namespace guichet::smtpd::test
