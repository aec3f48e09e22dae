#include "net/passed_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace guichet::net {
namespace {

using ::testing::HasSubstr;

// A free descriptor number far from those that the test itself uses.
constexpr int first = 200;

int socket_on_loopback(int type, bool listens) {
  const int made = ::socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(!listens || ::listen(made, 1) == 0);
  return made;
}

int socket_for_ipv6(const char* host) {
  const int made = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (made < 0) return -1;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, host, &address.sin6_addr);
  if (::bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(made, 1) == 0)
    return made;
  ::close(made);
  return -1;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);  // where IPv6 has it too
}

std::string pass(int made, int place = first) {
  auto port = std::to_string(port_of(made));
  EXPECT_EQ(::dup2(made, place), place);
  ::close(made);
  return port;
}

bool is_open(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) != -1;
}

TEST(PassedSockets, AreTakenByTheirAddressAndClosedOtherwise) {
  const auto port = pass(socket_on_loopback(SOCK_STREAM, true));
  const auto other = pass(socket_on_loopback(SOCK_STREAM, true), first + 1);
  {
    auto passed = PassedSockets::from_descriptors(first, 2, "smtp:pop3");
    ASSERT_TRUE(passed) << passed.error();
    EXPECT_EQ(passed->take("127.0.0.2:" + port), -1);
    EXPECT_EQ(passed->take("127.0.0.1:" + port), first);
    EXPECT_EQ(passed->take("127.0.0.1:" + port), -1);  // once
    EXPECT_EQ(::fcntl(first, F_GETFD), FD_CLOEXEC);
    EXPECT_THAT(passed->left(),
                HasSubstr("(pop3), passed by the service manager, listens on 127.0.0.1:" + other));
    EXPECT_EQ(passed->take("127.0.0.1:" + other), first + 1);
    EXPECT_EQ(passed->left(), "");
  }
  EXPECT_TRUE(is_open(first));
  ::close(first);
  EXPECT_EQ(::fcntl(first + 1, F_GETFD), FD_CLOEXEC);
  { const auto again = PassedSockets::from_descriptors(first + 1, 1, ""); }
  EXPECT_FALSE(is_open(first + 1));
}

TEST(PassedSockets, OfIpv6TakeNoIpv4) {
  const int made = socket_for_ipv6("::1");
  if (made < 0) GTEST_SKIP() << "no IPv6 here";
  const auto port = pass(made);
  auto passed = PassedSockets::from_descriptors(first, 1, "");
  ASSERT_TRUE(passed) << passed.error();
  EXPECT_EQ(passed->take("[::1]:" + port), first);
  ::close(first);
  pass(socket_for_ipv6("::ffff:127.0.0.1"));
  EXPECT_THAT(PassedSockets::from_descriptors(first, 1, "").error(), HasSubstr("BindIPv6Only=ipv6-only"));
  ::close(first);
}

TEST(PassedSockets, ThatCannotBeAcceptedFromAreNamed) {
  pass(socket_on_loopback(SOCK_STREAM, false));
  EXPECT_THAT(PassedSockets::from_descriptors(first, 1, "smtp").error(),
              HasSubstr("socket 200 (smtp), passed by the service manager, does not listen for TCP"));
  pass(socket_on_loopback(SOCK_DGRAM, false));
  EXPECT_THAT(PassedSockets::from_descriptors(first, 1, "").error(), HasSubstr("does not listen for TCP"));
  ::close(first);
  EXPECT_THAT(PassedSockets::from_descriptors(first, 1, "").error(), HasSubstr("is no socket"));
}

TEST(PassedSockets, OfAnotherProcessAreNotOurs) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  const auto passed = PassedSockets::from_environment();
  ASSERT_TRUE(passed) << passed.error();
  EXPECT_EQ(passed->left(), "");
}

TEST(PassedSockets, AreCountedAndTheirVariablesRemoved) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "two", 1);
  EXPECT_EQ(PassedSockets::from_environment().error(), "LISTEN_FDS is no number of sockets: two");
  ::setenv("LISTEN_FDS", "0", 1);
  EXPECT_TRUE(PassedSockets::from_environment());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  EXPECT_EQ(std::getenv("LISTEN_PID"), nullptr);
}

}  // namespace
}  // namespace guichet::net
