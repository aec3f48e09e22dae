#include "net/passed_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace guichet::net {
namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START
constexpr int passed_max = 1024;

std::optional<int> number(const char* text, int least, int most) {
  const std::string_view digits = text ? text : "";
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value >= least && value <= most ? std::optional(value) : std::nullopt;
}

int option_of(int descriptor, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1;
}

std::string text_of(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

std::string text_of(const sockaddr_in6& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
}

// A copy, since the storage is of another type.
template <class Address>
std::string text_of_storage(const sockaddr_storage& storage) {
  Address address{};
  std::memcpy(&address, &storage, sizeof address);
  return text_of(address);
}

tl::expected<std::string, std::string> address_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return tl::unexpected(std::string("is no socket"));
  const bool listens = option_of(descriptor, SOL_SOCKET, SO_TYPE) == SOCK_STREAM &&
                       option_of(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 1;
  if (storage.ss_family == AF_INET && listens) return text_of_storage<sockaddr_in>(storage);
  if (storage.ss_family != AF_INET6 || !listens)
    return tl::unexpected(std::string("does not listen for TCP"));
  // Else clients of IPv4 come with addresses that no [networks] of a configuration hold.
  if (option_of(descriptor, IPPROTO_IPV6, IPV6_V6ONLY) == 0)
    return tl::unexpected(
        std::string("takes IPv4 too: set BindIPv6Only=ipv6-only and give IPv4 a socket of its own"));
  return text_of_storage<sockaddr_in6>(storage);
}

std::string shown(int descriptor, const std::string& name) {
  return "socket " + std::to_string(descriptor) + (name.empty() ? "" : " (" + name + ")") +
         ", passed by the service manager,";
}

void forget_variables() {
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    ::unsetenv(name);
}

}  // namespace

PassedSockets::~PassedSockets() {
  for (const auto& each : passed_)
    ::close(each.descriptor);
}

tl::expected<PassedSockets, std::string> PassedSockets::from_environment() {
  const auto process = std::getenv("LISTEN_PID");
  const auto count = std::getenv("LISTEN_FDS");
  if (!process || !count || std::to_string(::getpid()) != process) return PassedSockets();
  const auto wanted = number(count, 0, passed_max);
  if (!wanted) return tl::unexpected("LISTEN_FDS is no number of sockets: " + std::string(count));
  const char* given = std::getenv("LISTEN_FDNAMES");
  const std::string names = given ? given : "";
  forget_variables();
  return from_descriptors(first_passed, *wanted, names);
}

tl::expected<PassedSockets, std::string> PassedSockets::from_descriptors(int first, int count,
                                                                         const std::string& names) {
  PassedSockets made;
  std::istringstream stream(names);
  for (int descriptor = first; descriptor < first + count; ++descriptor) {
    std::string name;
    std::getline(stream, name, ':');
    const auto address = address_of(descriptor);
    if (!address) return tl::unexpected(shown(descriptor, name) + " " + address.error());
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    made.passed_.push_back({descriptor, *address, name});
  }
  return made;
}

int PassedSockets::take(const std::string& address) {
  const auto found = std::ranges::find(passed_, address, &Passed::address);
  if (found == passed_.end()) return -1;
  const int descriptor = found->descriptor;
  passed_.erase(found);
  return descriptor;
}

std::string PassedSockets::left() const {
  if (passed_.empty()) return "";
  const auto& first = passed_.front();
  return shown(first.descriptor, first.name) + " listens on " + first.address +
         ", and no listen or listen_tls of the configuration names that address";
}

}  // namespace guichet::net
