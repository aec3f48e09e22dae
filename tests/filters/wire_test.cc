#include "filters/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;

class WireTest : public testing::Test {
 protected:
  WireTest() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    raw_ = ends[1];
    wire_.emplace(Descriptor(ends[0]), 1'000, true);
  }
  ~WireTest() override { ::close(raw_); }

  void say(std::string_view octets) const {
    ASSERT_EQ(::send(raw_, octets.data(), octets.size(), 0), static_cast<ssize_t>(octets.size()));
  }
  static Wire::Until soon() { return Wire::Clock::now(); }

  int raw_ = -1;
  std::optional<Wire> wire_;
};

TEST_F(WireTest, FramesAreFourOctetsOfLengthATypeAndAPayload) {
  ASSERT_TRUE(wire_->send(FrameType::found, "{}"));
  std::array<char, 64> read{};
  ASSERT_EQ(::recv(raw_, read.data(), read.size(), 0), 7);
  EXPECT_EQ(std::string(read.data(), 7), std::string("\0\0\0\2F{}", 7));
}

TEST_F(WireTest, ReadsFramesHoweverTheyAreCut) {
  const std::string octets("\0\0\0\2F{}\0\0\0\0D\0\0\0\1SP", 18);
  for (std::size_t cut = 1; cut < octets.size(); ++cut) {
    say(octets.substr(0, cut));
    std::string types, payloads;
    const auto take = [&] {
      while (const auto frame = wire_->receive(soon())) {
        types += static_cast<char>(frame->type);
        payloads += frame->payload;
      }
    };
    take();
    say(octets.substr(cut));
    take();
    EXPECT_EQ(types, "FDS") << cut;
    EXPECT_EQ(payloads, "{}P") << cut;
    EXPECT_TRUE(wire_->silent());
  }
}

TEST_F(WireTest, ALengthBeyondTheLimitIsNonsenseBeforeItsOctetsCome) {
  say(std::string("\0\0\3\xE8O", 5) + std::string(1'000, 'x'));
  EXPECT_EQ(wire_->receive(soon())->payload.size(), 1'000u);
  say(std::string("\0\0\3\xE9O", 5));
  EXPECT_EQ(wire_->receive(soon()).error(), WireFault::nonsense);
}

TEST_F(WireTest, ADeadlineEndsAWaitAndLosesNothing) {
  const auto began = Wire::Clock::now();
  EXPECT_EQ(wire_->receive(began + 30ms).error(), WireFault::late);
  EXPECT_GE(Wire::Clock::now() - began, 30ms);
  say(std::string("\0\0\0\2F{", 6));
  EXPECT_FALSE(wire_->silent());
  EXPECT_EQ(wire_->receive(soon()).error(), WireFault::late);
  EXPECT_FALSE(wire_->silent());
  say("}");
  EXPECT_EQ(wire_->receive(soon())->payload, "{}");
}

TEST_F(WireTest, TheOtherEndsEndIsAFaultAndNoSignal) {
  ::shutdown(raw_, SHUT_RDWR);
  EXPECT_EQ(wire_->receive().error(), WireFault::closed);
  EXPECT_EQ(wire_->send(FrameType::request, "{}").error(), WireFault::closed);
  EXPECT_FALSE(wire_->silent());
}

TEST_F(WireTest, WhoDoesNotReadMakesASendLate) {
  const std::string much(8 << 20, 'x');
  EXPECT_EQ(wire_->send(FrameType::answer, much, Wire::Clock::now() + 20ms).error(), WireFault::late);
}

TEST_F(WireTest, SendsWholeFramesToASlowReader) {
  const std::string much(3 << 20, 'x');
  Wire other(Descriptor(::dup(raw_)), 8 << 20, false);
  std::size_t got = 0;
  std::thread reader([&] { got = other.receive().value_or(Frame()).payload.size(); });
  EXPECT_TRUE(wire_->send(FrameType::found, much, Wire::Clock::now() + 60s));
  reader.join();
  EXPECT_EQ(got, much.size());
}

TEST_F(WireTest, ADescriptorComesWithItsFrameOrIsDropped) {
  Wire takes_none(Descriptor(::dup(raw_)), 1'000, false);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  {
    Descriptor out(pipe[1]);
    const Descriptor in(pipe[0]);
    ASSERT_TRUE(takes_none.send(FrameType::request, "{}", {}, out.get()));
    auto frame = wire_->receive();
    ASSERT_TRUE(frame && frame->descriptor);
    EXPECT_NE(frame->descriptor.get(), out.get());
    EXPECT_EQ(::fcntl(frame->descriptor.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(::write(frame->descriptor.get(), "x", 1), 1);
    // The other way: this end takes none, and none stays open.
    ASSERT_TRUE(wire_->send(FrameType::found, "{}", {}, out.get()));
    EXPECT_FALSE(takes_none.receive()->descriptor);
    out.close();
    frame->descriptor.close();
    std::array<char, 2> read{};
    EXPECT_EQ(::read(in.get(), read.data(), 2), 1);
    EXPECT_EQ(::read(in.get(), read.data(), 2), 0);
  }
}

}  // namespace
}  // namespace guichet::filters
