#include "filters/scanner_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "scanner_fakes.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Kind = Unscanned::Kind;

class Gate : public testing::Test {
 protected:
  Scan<int> pass(const std::function<Scan<int>()>& ask, std::uint64_t size_octets = 10) {
    return gate_.pass<int>({.descriptor = -1, .size_octets = size_octets}, ask);
  }
  void fail(Kind kind, int times) {
    for (int i = 0; i < times; ++i)
      EXPECT_EQ(pass([&]() -> Scan<int> { return unscanned(kind, "as told"); }).error().kind, kind);
  }
  static Scan<int> fine() { return 1; }

  std::atomic<std::chrono::seconds> now_ = 0s;
  ScannerGate gate_{"scanner", 100, {}, [this] { return CircuitBreaker::Time(now_.load()); }};
};

TEST_F(Gate, AsksNobodyAboutWhatIsTooLarge) {
  EXPECT_TRUE(pass(fine, 100).has_value());
  const auto result = pass([]() -> Scan<int> { throw std::logic_error("asked"); }, 101);
  EXPECT_EQ(result.error().kind, Kind::too_large);
  EXPECT_EQ(result.error().why, "101 octets, scanner is given 100 at most");
  EXPECT_EQ(gate_.counts().asked, 1u);
  EXPECT_EQ(gate_.counts().answered, 1u);
  EXPECT_EQ(gate_.counts().too_large, 1u);
}

TEST_F(Gate, OpensWhenTheServerDoesNotAnswer) {
  for (const auto kind : {Kind::down, Kind::timed_out, Kind::nonsense}) {
    fail(kind, 5);
    const auto result = pass(fine);
    ASSERT_FALSE(result.has_value()) << name_of(kind);
    EXPECT_EQ(result.error().kind, Kind::not_asked);
    EXPECT_THAT(result.error().why, HasSubstr("scanner is not asked: open for 0 s after 5 failures"));
    now_ = now_.load() + 10s;
    EXPECT_TRUE(pass(fine).has_value());
    EXPECT_FALSE(gate_.is_open());
  }
  EXPECT_EQ(gate_.counts().asked, 18u);
  EXPECT_EQ(gate_.counts().answered, 3u);
  EXPECT_EQ(gate_.counts().failed, 15u);
  EXPECT_EQ(gate_.counts().skipped, 3u);
}

TEST_F(Gate, StaysClosedForAServerThatDeclinesAndForOurOwnFaults) {
  for (const auto kind : {Kind::declined, Kind::too_large, Kind::unreadable})
    fail(kind, 20);
  EXPECT_FALSE(gate_.is_open());
  EXPECT_EQ(gate_.state(), "closed");
  EXPECT_EQ(gate_.counts().answered, 40u);
  EXPECT_EQ(gate_.counts().failed, 20u);
}

TEST_F(Gate, IsNotLeftHalfOpenByAnException) {
  fail(Kind::down, 5);
  now_ = 10s;
  EXPECT_THROW((void)pass([]() -> Scan<int> { throw std::bad_alloc(); }), std::bad_alloc);
  EXPECT_TRUE(pass(fine).has_value());
  EXPECT_EQ(gate_.counts().failed, 6u);
}

TEST_F(Gate, LetsOneOfManyThreadsThroughWhenItIsHalfOpen) {
  fail(Kind::down, 5);
  now_ = 10s;
  constexpr int others = 7;
  std::latch turned_away(others);
  std::atomic<int> asked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i <= others; ++i)
    threads.emplace_back([&] {
      const auto result = pass([&]() -> Scan<int> {
        ++asked;
        turned_away.wait();
        return 1;
      });
      if (!result) turned_away.count_down();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(gate_.counts().skipped, static_cast<std::uint64_t>(others));
  EXPECT_FALSE(gate_.is_open());
}

TEST(OpenMessage, IsReadPieceByPiece) {
  const MessageInMemory message("0123456789");
  std::string piece(4, ' ');
  EXPECT_EQ(read_at(message.file(), piece, 0), 4u);
  EXPECT_EQ(piece, "0123");
  EXPECT_EQ(read_at(message.file(), piece, 8), 2u);
  EXPECT_EQ(piece, "8923");
  EXPECT_EQ(read_at(message.file(), piece, 10), 0u);
  EXPECT_EQ(read_at(message.file(), piece, 11), std::nullopt);
  const OpenMessage longer{.descriptor = message.file().descriptor, .size_octets = 11};
  EXPECT_EQ(read_at(longer, piece, 8), std::nullopt) << "it is shorter than was said";
  EXPECT_EQ(read_at({.descriptor = -1, .size_octets = 4}, piece, 0), std::nullopt);
}

TEST(Printable, LeavesNothingThatEndsALineOrMovesACursor) {
  EXPECT_EQ(printable("a\r\nb\x1b[2J\x7f\xff~ ", 100), "a??b?[2J??~ ");
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 100), "a?b");
  EXPECT_EQ(printable("abcdef", 3), "abc");
}

}  // namespace
}  // namespace guichet::filters
