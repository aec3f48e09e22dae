// What is read of a header, in every cut, and that no octet behind it is asked for.
#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace guichet::net::test {
namespace {

using namespace std::string_literals;
using State = ProxyHeaderReader::State;

constexpr std::string_view behind = "EHLO client.example\r\n";

struct Outcome {
  State state;
  std::size_t consumed;  // of header and what is behind it
  std::optional<ProxiedClient> client;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// As a driver does it: never more than is wanted, in pieces of at most so many octets; a first piece of its
// own, so that every position is a cut.
Outcome read(const std::string& octets, std::size_t first, std::size_t piece) {
  ProxyHeaderReader reader;
  std::size_t at = 0;
  for (auto most = first; at < octets.size() && reader.state() == State::reading; most = piece) {
    const auto count = std::min({most, reader.octets_wanted(), octets.size() - at});
    EXPECT_GT(reader.octets_wanted(), 0U);
    reader.feed(std::string_view(octets).substr(at, count));
    at += count;
  }
  return {reader.state(), at, reader.client()};
}

// The same whatever the cut.
Outcome read(const std::string& octets) {
  const auto whole = read(octets, octets.size(), octets.size());
  EXPECT_EQ(read(octets, 1, 1), whole);
  for (std::size_t cut = 1; cut < octets.size(); ++cut)
    EXPECT_EQ(read(octets, cut, octets.size()), whole) << "cut at " << cut;
  return whole;
}

void expect_client(const std::string& header, std::optional<ProxiedClient> client) {
  SCOPED_TRACE(header);
  const auto got = read(header + std::string(behind));
  EXPECT_EQ(got.state, State::done);
  EXPECT_EQ(got.consumed, header.size()) << "what is behind the header is not the reader's";
  EXPECT_EQ(got.client, client);
  for (std::size_t octets = 0; octets < header.size(); ++octets)
    EXPECT_EQ(read(header.substr(0, octets), header.size(), header.size()).state, State::reading);
}

void expect_bad(const std::string& octets) {
  SCOPED_TRACE(octets);
  const auto got = read(octets + std::string(behind));
  EXPECT_EQ(got.state, State::bad);
  EXPECT_EQ(got.client, std::nullopt);
}

// Section 2.2, made by hand.
std::string binary(char version_command, char family, const std::string& body) {
  return "\r\n\r\n\0\r\nQUIT\n"s + version_command + family + static_cast<char>(body.size() >> 8) +
         static_cast<char>(body.size() & 0xff) + body;
}

const std::string v4_ends = "\xc0\x00\x02\x01\xc6\x33\x64\x07\x9d\x38\x00\x19"s;
const std::string v6_ends =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s + std::string(16, '\0') + "\x9d\x38\0\x19"s;

TEST(ProxyHeader, TextOfBothFamilies) {
  expect_client("PROXY TCP4 192.0.2.1 198.51.100.7 40248 25\r\n", ProxiedClient{"192.0.2.1", 40248});
  expect_client("PROXY TCP6 2001:DB8::1 2001:db8:0::2 40248 25\r\n", ProxiedClient{"2001:db8::1", 40248});
  expect_client("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.7 0 65535\r\n", ProxiedClient{"192.0.2.1", 0});
  const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  expect_client("PROXY TCP6 " + longest + " " + longest + " 65535 65535\r\n", ProxiedClient{longest, 65535});
}

TEST(ProxyHeader, TextOfTheProxyItself) {
  expect_client("PROXY UNKNOWN\r\n", std::nullopt);
  expect_client("PROXY UNKNOWN 192.0.2.1 whatever it says\r\n", std::nullopt);
  const auto longest = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), 107U);
  expect_client(longest, std::nullopt);
}

TEST(ProxyHeader, TextThatIsNoHeader) {
  for (const auto* line : {"PROXY TCP4 192.0.2.1 198.51.100.7 40248",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 40248 25 ",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 40248 25 26",
                           "PROXY TCP4  192.0.2.1 198.51.100.7 40248 25",
                           "PROXY TCP4 192.0.2.01 198.51.100.7 40248 25",
                           "PROXY TCP4 192.0.2.256 198.51.100.7 40248 25",
                           "PROXY TCP4 2001:db8::1 2001:db8::2 40248 25",
                           "PROXY TCP6 192.0.2.1 198.51.100.7 40248 25",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 65536 25",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 040 25",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 -1 25",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 25 ",
                           "PROXY TCP5 192.0.2.1 198.51.100.7 40248 25",
                           "PROXY tcp4 192.0.2.1 198.51.100.7 40248 25",
                           "PROXY UNKNOWNS 192.0.2.1",
                           "proxy TCP4 192.0.2.1 198.51.100.7 40248 25",
                           "PROXY TCP4 mx.example a 1 2",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 40248 25\n",
                           "PROXY     \r\n",
                           "EHLO client.example.org",
                           "GET / HTTP/1.1",
                           "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 hello hello"})
    expect_bad(line + "\r\n"s);
  expect_bad("PROXY TCP4 192.0.2.1\0 198.51.100.7 40248 25\r\n"s);
  expect_bad(std::string(" PROXY TCP4 192.0.2.1 198.51.100.7 40248 25\r\n"));
}

TEST(ProxyHeader, TextWithoutAnEndIsReadTo107Octets) {
  const auto got = read("PROXY TCP4 " + std::string(500, '1'));
  EXPECT_EQ(got.state, State::bad);
  EXPECT_EQ(got.consumed, 107U);
  expect_bad("PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n");
  expect_bad("PROXY TCP4 192.0.2.1 198.51.100.7 40248 25\n" + std::string(100, ' '));
}

TEST(ProxyHeader, BinaryOfBothFamilies) {
  expect_client(binary('\x21', '\x11', v4_ends), ProxiedClient{"192.0.2.1", 40248});
  expect_client(binary('\x21', '\x21', v6_ends), ProxiedClient{"2001:db8::1", 40248});
  const auto mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x01"s;
  expect_client(binary('\x21', '\x21', mapped + mapped + "\x01\x02\0\x19"s),
                ProxiedClient{"192.0.2.1", 0x102});
}

TEST(ProxyHeader, BinaryExtensionsAreSkipped) {
  const auto crc = "\x03\x00\x04\x00\x00\x00\x00"s;
  const auto authority = "\x02\x00\x0fmx.example.test"s;
  expect_client(binary('\x21', '\x11', v4_ends + crc + authority), ProxiedClient{"192.0.2.1", 40248});
  expect_client(binary('\x21', '\x11', v4_ends + "\x02\xff"), ProxiedClient{"192.0.2.1", 40248});
  ProxyHeaderReader reader;
  const auto largest = binary('\x21', '\x11', v4_ends + std::string(65535 - v4_ends.size(), '\r'));
  for (std::size_t at = 0; at < largest.size(); at += 1000) {
    ASSERT_EQ(reader.state(), State::reading);
    for (auto piece = std::string_view(largest).substr(at, 1000); !piece.empty();) {
      const auto count = std::min(piece.size(), reader.octets_wanted());
      reader.feed(piece.substr(0, count));
      piece.remove_prefix(count);
    }
  }
  EXPECT_EQ(reader.state(), State::done);
}

TEST(ProxyHeader, BinaryOfTheProxyItself) {
  expect_client(binary('\x20', '\x00', ""), std::nullopt);
  expect_client(binary('\x20', '\x11', v4_ends), std::nullopt);
  expect_client(binary('\x20', '\x77', "\x01\x02\x03"), std::nullopt);
  expect_client(binary('\x21', '\x00', ""), std::nullopt);
  expect_client(binary('\x21', '\x00', v4_ends), std::nullopt);
}

TEST(ProxyHeader, BinaryThatIsNoHeader) {
  expect_bad(binary('\x11', '\x11', v4_ends));  // version 1 has no such form
  expect_bad(binary('\x31', '\x11', v4_ends));
  expect_bad(binary('\x22', '\x11', v4_ends));  // no such command
  expect_bad(binary('\x2f', '\x11', v4_ends));
  expect_bad(binary('\x21', '\x12', v4_ends));                // UDP
  expect_bad(binary('\x21', '\x22', v6_ends));                // UDP
  expect_bad(binary('\x21', '\x31', std::string(216, 'x')));  // a socket of the file system
  expect_bad(binary('\x21', '\x10', v4_ends));                // no transport
  expect_bad(binary('\x21', '\x41', v4_ends));                // no such family
  expect_bad(binary('\x21', '\x11', v4_ends.substr(0, 11)));  // shorter than two addresses and ports
  expect_bad(binary('\x21', '\x21', v4_ends));                // of the other family
  expect_bad(binary('\x21', '\x11', ""));
  expect_bad("\r\n\r\n\0\r\nQUIT\r\x21\x11\x00\x0c"s + v4_ends);  // the signature's last octet
  expect_bad("\r\n\r\n\r\nQUIT\r\n\r\n\r\n\r\n\r\n");
}

TEST(ProxyHeader, SaysWhatIsWrongAndTakesNothingAfterwards) {
  ProxyHeaderReader reader;
  EXPECT_EQ(reader.feed("EHLO client.exa"), State::bad);
  EXPECT_EQ(reader.why(), "no PROXY header");
  EXPECT_EQ(reader.octets_wanted(), 0U);
  EXPECT_EQ(reader.feed("PROXY UNKNOWN\r\n"), State::bad);
}

}  // namespace
}  // namespace guichet::net::test
