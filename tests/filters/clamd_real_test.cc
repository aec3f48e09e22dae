// Against clamd itself, with a signature that exists nowhere else.
#include <gtest/gtest.h>

#include <memory>

#include "daemon.h"
#include "filters/clamd.h"
#include "scanner_fakes.h"
#include "store/check.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using Kind = Unscanned::Kind;

const std::string marker = "guichet scanner test marker 5f0c2b";
constexpr std::size_t file_octets_max = 1024 * 1024;
constexpr std::size_t stream_octets_max = 2 * file_octets_max;

std::string hex(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// RFC 4648 section 4, of a multiple of three octets.
std::string base64(std::string_view octets) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  GUICHET_CHECK(octets.size() % 3 == 0);
  std::string text;
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const auto at = [&](std::size_t n) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(octets[n]));
    };
    const auto bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (const unsigned shift : {18u, 12u, 6u, 0u})
      text += digits[bits >> shift & 63];
  }
  return text;
}

std::string configuration(const Folder& folder, std::uint16_t port) {
  return "Foreground yes\n"
         "LogFile " +
         folder.path("clamd.log") +
         "\n"
         "DatabaseDirectory " +
         folder.path("db") +
         "\n"
         "TemporaryDirectory " +
         folder.path("tmp") +
         "\n"
         "LocalSocket " +
         folder.path("clamd.sock") +
         "\n"
         "TCPSocket " +
         std::to_string(port) +
         "\n"
         "TCPAddr 127.0.0.1\n"
         "StreamMaxLength " +
         std::to_string(stream_octets_max) +
         "\n"
         "MaxFileSize " +
         std::to_string(file_octets_max) +
         "\n"
         "AlertExceedsMax yes\n"
         "MaxThreads 2\n"
         "SelfCheck 0\n";
}

class RealClamd : public testing::Test {
 protected:
  void SetUp() override {
    const auto program = Daemon::find("clamd");
    if (!program) GTEST_SKIP() << "there is no clamd on this machine (Debian: clamav-daemon)";
    folder_.make("db");
    folder_.make("tmp");
    folder_.write("db/own.ndb", "Guichet.Test.Marker:0:*:" + hex(marker) + "\n");
    folder_.write("clamd.conf", configuration(folder_, port_));
    daemon_ = std::make_unique<Daemon>(
        std::vector<std::string>{*program, "--config-file=" + folder_.path("clamd.conf")},
        folder_.path("out"));
    ASSERT_TRUE(daemon_->comes_up([&] { return by_port().check(MessageInMemory("").file()).has_value(); }))
        << folder_.read("out") << folder_.read("clamd.log");
  }

  [[nodiscard]] Clamd by_port() const {
    return Clamd({.address = *scanner_address("127.0.0.1:" + std::to_string(port_))});
  }
  [[nodiscard]] Clamd by_path(std::chrono::milliseconds timeout = 20s) const {
    return Clamd({.address = *scanner_address(folder_.path("clamd.sock")), .timeout = timeout});
  }

  const Folder folder_;
  const std::uint16_t port_ = free_port();
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(RealClamd, FindsWhatItHasASignatureOf) {
  const std::string far = std::string(700'000, 'x') + marker;
  const std::string attached =
      "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      base64(marker + "..") + "\r\n";
  for (const auto& octets : {marker, far, attached})
    for (const auto& verdict :
         {by_port().check(MessageInMemory(octets).file()), by_path().check(MessageInMemory(octets).file())}) {
      ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
      EXPECT_EQ(verdict->kind, ClamdVerdict::Kind::found);
      EXPECT_EQ(verdict->name, "Guichet.Test.Marker.UNOFFICIAL");
    }
}

TEST_F(RealClamd, FindsNothingInWhatIsHarmless) {
  for (const std::size_t size : {0u, 5u, 65'536u, 900'000u})
    for (const auto& verdict : {by_port().check(MessageInMemory(std::string(size, 'x')).file()),
                                by_path().check(MessageInMemory(std::string(size, 'x')).file())}) {
      ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
      EXPECT_EQ(verdict->kind, ClamdVerdict::Kind::clean);
    }
}

TEST_F(RealClamd, SaysThatAMessageIsTooLargeForIt) {
  for (const auto size : {file_octets_max + 1, stream_octets_max + 1, 8 * stream_octets_max}) {
    const MessageInMemory message(std::string(size, 'x') + marker);
    const auto verdict = by_path().check(message.file());
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().kind, Kind::too_large) << verdict.error().why;
    EXPECT_FALSE(by_port().check(message.file()).has_value());
  }
}

TEST_F(RealClamd, IsWaitedForUntilTheDeadline) {
  daemon_->stop();
  auto clamd = by_path(300ms);
  for (const std::size_t size : {5u, 900'000u}) {
    const auto verdict = clamd.check(MessageInMemory(std::string(size, 'x')).file());
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().kind, Kind::timed_out) << verdict.error().why;
  }
  daemon_->go_on();
  EXPECT_TRUE(by_path().check(MessageInMemory("hello").file()).has_value());
  daemon_.reset();
  const auto verdict = clamd.check(MessageInMemory("hello").file());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, Kind::down) << verdict.error().why;
}

}  // namespace
}  // namespace guichet::filters
