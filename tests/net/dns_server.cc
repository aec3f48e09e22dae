#include "tests/net/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace guichet::net::test {
namespace {

using namespace std::string_literals;

constexpr std::size_t header_octets = 12;  // RFC 1035 4.1.1

std::string two(std::size_t number) {
  return {static_cast<char>(number >> 8 & 0xff), static_cast<char>(number & 0xff)};
}

struct Query {
  std::string id, name, first, section;  // section: the question's own octets
  int type = 0;
};

Query parse(const std::string& octets) {
  Query query{.id = octets.substr(0, 2), .name = {}, .first = {}, .section = {}};
  auto at = header_octets;
  while (at < octets.size() && octets[at] != 0) {
    const auto length = static_cast<std::size_t>(octets[at]);
    query.name += (query.name.empty() ? "" : ".") + octets.substr(at + 1, length);
    at += length + 1;
  }
  std::transform(query.name.begin(), query.name.end(), query.name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  query.first = query.name.substr(0, query.name.find('.'));
  query.type = static_cast<unsigned char>(octets.at(at + 2));
  query.section = octets.substr(header_octets, at + 5 - header_octets);
  return query;
}

// Flags: a response, recursion desired and available.
std::string message(const Query& query, int rcode, bool truncated, const std::string& rdata, bool answer) {
  const std::string flags{static_cast<char>(truncated ? 0x83 : 0x81), static_cast<char>(0x80 | rcode)};
  std::string out = query.id + flags + two(1) + two(answer ? 1 : 0) + two(0) + two(0) + query.section;
  if (!answer) return out;
  return out + "\xc0\x0c" + two(static_cast<std::size_t>(query.type)) + two(1) + two(0) + two(300) +
         two(rdata.size()) + rdata;
}

std::string rdata_for(int type) {
  const auto mail = "\4mail\7example\0"s;
  switch (type) {
    case 1:
      return "\xc0\x00\x02\x01"s;
    case 28:
      return "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01";
    case 15:
      return two(10) + mail;
    case 16:
      return "\4text";
    default:
      return mail;
  }
}

std::string large_text() {
  std::string rdata;
  for (int i = 0; i < 10; ++i)
    rdata += static_cast<char>(200) + std::string(200, 'x');
  return rdata;
}

int bound(int type, std::uint16_t port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

DnsServer::DnsServer() : stop_fd_(::eventfd(0, EFD_CLOEXEC)) {
  // A port that is free for both: another program may have either.
  for (int attempt = 0; attempt < 100 && tcp_ < 0; ++attempt) {
    if (udp_ >= 0) ::close(udp_);
    udp_ = bound(SOCK_DGRAM, 0);
    port_ = port_of(udp_);
    tcp_ = bound(SOCK_STREAM, port_);
  }
  if (tcp_ < 0 || ::listen(tcp_, 16) != 0) throw std::runtime_error("no port for a DNS server");
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_fd_, &one, sizeof one);
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_fd_})
    ::close(fd);
}

int DnsServer::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

void DnsServer::serve() {
  for (;;) {
    pollfd fds[] = {{stop_fd_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    ::poll(fds, 3, -1);
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) serve_udp();
    if (fds[2].revents != 0) serve_tcp();
  }
}

void DnsServer::serve_udp() {
  char buffer[4096];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto got = ::recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (got < static_cast<ssize_t>(header_octets) + 5) return;
  const auto out = respond({buffer, static_cast<std::size_t>(got)}, false);
  if (!out.empty()) ::sendto(udp_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
}

// RFC 1035 4.2.2: two octets of length in front.
void DnsServer::serve_tcp() {
  const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  char buffer[4096];
  if (::recv(fd, buffer, 2, MSG_WAITALL) == 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(buffer[0]) * 256 +
                                                 static_cast<unsigned char>(buffer[1]));
    if (length <= sizeof buffer && ::recv(fd, buffer, length, MSG_WAITALL) == static_cast<ssize_t>(length)) {
      const auto out = respond({buffer, length}, true);
      const auto whole = two(out.size()) + out;
      (void)::send(fd, whole.data(), whole.size(), MSG_NOSIGNAL);
    }
  }
  ::close(fd);
}

std::string DnsServer::respond(const std::string& octets, bool tcp) {
  const auto query = parse(octets);
  {
    const std::lock_guard lock(mutex_);
    ++asked_[query.name];
  }
  if (query.first == "found") return message(query, 0, false, rdata_for(query.type), true);
  if (query.first == "nowhere") return message(query, 3, false, {}, false);
  if (query.first == "nodata") return message(query, 0, false, {}, false);
  if (query.first == "servfail") return message(query, 2, false, {}, false);
  if (query.first == "large") return message(query, 0, !tcp, large_text(), tcp);
  if (query.first == "garbage") return query.id + std::string(40, '\xff');
  if (query.first == "loop") {  // the answer's name begins where it stands
    auto out = message(query, 0, false, rdata_for(query.type), true);
    const auto at = header_octets + query.section.size();
    return out.replace(at, 2, two(0xc000 + at));
  }
  return {};
}

}  // namespace guichet::net::test
