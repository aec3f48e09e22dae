// The published smuggling variants and their closure against the pure session, in every split of the octets:
// one end of data, no reply to what was smuggled, and of a dot line that somebody might misread nothing is
// filed. tests/e2e/test_smuggling.py has them against the binary, by number.
#include <gtest/gtest.h>

#include <set>

#include "tests/smtpd/fake_driver.h"
#include "tests/smtpd/reference_reader.h"

namespace guichet::smtpd::test {
namespace {

using namespace std::string_literals;

constexpr std::size_t kSizeMax = 250;
const auto kSmuggled =
    "MAIL FROM:<smuggled@a>\r\nRCPT TO:<foi@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nB\r\n.\r\n"s;

std::set<std::string> closure() {
  const std::vector<std::string> ends{"\n", "\r", "\r\n", "\r\r\n", "\n\r"};
  // Vertical tab, form feed, next line (Latin-1, UTF-8), line and paragraph separator, Ctrl-Z, NUL.
  const std::vector<std::string> separators{"\x0b",         "\x0c",         "\x85", "\xc2\x85",
                                            "\xe2\x80\xa8", "\xe2\x80\xa9", "\x1a", "\0"s};
  std::set<std::string> variants;
  for (const auto& before : ends) {
    for (const auto& after : ends)
      variants.insert(before + "." + after);
  }
  for (const auto& odd : separators) {
    variants.merge(std::set<std::string>{odd + "." + odd, "\r\n." + odd, odd + ".\r\n", "\n." + odd,
                                         odd + ".\n", "\r\n" + odd + ".\r\n", "\r\n." + odd + "\r\n",
                                         "\r" + odd + "\n.\r\n", "\r\n.\r" + odd + "\n"});
  }
  return variants;
}

// Where a variant may stand: text, a header, the very first octets, behind a line that is longer than any of
// our buffers, behind more than the size limit.
std::vector<std::string> places() {
  return {"Subject: x\r\n\r\nAAA", "Subject: x", "", "Subject: x\r\n\r\n" + std::string(100, 'A'),
          "Subject: x\r\n\r\n" + std::string(kSizeMax, 'A') + "\r\n"};
}

// The replies after 354, and what was filed.
struct Outcome {
  std::string replies;
  std::vector<std::string> filed;
  bool closed = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome expected(const std::string& octets) {
  const auto read = reference_read(octets);
  EXPECT_EQ(read.consumed, octets.size()) << "the only end is the last";
  if (read.ambiguous) {
    return {"550 5.5.2 Bare CR or LF around a line of a single dot refused\r\n", {}, true};
  }
  if (read.body.size() > kSizeMax) return {"552 5.3.4 Message size exceeds fixed limit\r\n", {}, false};
  return {"250 2.0.0 Ok\r\n", {read.body}, false};
}

// The octets arrive in three pieces, cut at these positions, or one by one.
class Split {
 public:
  Split() : driver_(small()) {
    driver_.greet();
    driver_.feed("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<foi@example.test>\r\n");
    driver_.feed("DATA\r\n");
    driver_.output.clear();
  }

  Outcome cut(std::string_view octets, std::size_t first, std::size_t second) {
    driver_.feed(octets.substr(0, first));
    driver_.feed(octets.substr(first, second - first));
    driver_.feed(octets.substr(second));
    return outcome();
  }

  Outcome one_by_one(std::string_view octets) {
    for (const char& octet : octets)
      driver_.feed({&octet, 1});
    return outcome();
  }

 private:
  static SessionOptions small() {
    auto made = options();
    made.limits.message_octets_max = kSizeMax;
    return made;
  }

  Outcome outcome() const {
    Outcome seen{driver_.output, {}, driver_.closed};
    for (const auto& filed : driver_.filed)
      seen.filed.push_back(filed.body);
    return seen;
  }

  FakeDriver driver_;
};

bool holds_the_true_end(const std::string& octets) {
  return ("\r\n" + octets).find("\r\n.\r\n") != std::string::npos;
}

// Around the variant each pair of cuts, elsewhere each single one.
void expect_in_every_split(const std::string& octets, std::size_t begin, std::size_t end) {
  const auto wanted = expected(octets);
  EXPECT_EQ(Split().one_by_one(octets), wanted);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut)
    ASSERT_EQ(Split().cut(octets, cut, cut), wanted) << cut;
  for (std::size_t first = begin; first <= end; ++first) {
    for (std::size_t second = first; second <= end + 1; ++second)
      ASSERT_EQ(Split().cut(octets, first, second), wanted) << first << ", " << second;
  }
}

TEST(Smuggling, FailsInEverySplit) {
  unsigned tried = 0;
  unsigned refused = 0;
  for (const auto& place : places()) {
    for (const auto& variant : closure()) {
      if (holds_the_true_end(place + variant)) continue;
      const auto octets = place + variant + kSmuggled;
      SCOPED_TRACE(testing::PrintToString(place.substr(0, 20) + variant));
      expect_in_every_split(octets, place.size(), place.size() + variant.size());
      ++tried;
      refused += expected(octets).closed;
    }
  }
  EXPECT_GT(tried, 450U);
  EXPECT_GE(refused, places().size() * 23) << "each pair of line ends but the two that hold the true one";
}

// CR before the true end is text: the message is whole, and what follows are commands.
TEST(Smuggling, TakesTheTrueEndBehindACr) {
  const auto octets = "Subject: x\r\r\n.\r\n"s;
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    const Outcome wanted{"250 2.0.0 Ok\r\n", {"Subject: x\r\r\n"}, false};
    EXPECT_EQ(Split().cut(octets, cut, cut), wanted);
  }
}

}  // namespace
}  // namespace guichet::smtpd::test
