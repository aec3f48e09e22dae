#include "scanner_fakes.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/check.h"

namespace guichet::filters {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

sockaddr_un at_path(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  GUICHET_CHECK(path.size() < sizeof name.sun_path);
  path.copy(name.sun_path, path.size());
  return name;
}

template <class Name>
int listen_at(int family, const Name& name, int backlog) {
  const int made = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  GUICHET_CHECK(::bind(made, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  GUICHET_CHECK(::listen(made, backlog) == 0);
  return made;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  GUICHET_CHECK(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  return ntohs(name.sin_port);
}

// Connections without anybody to take them, until there is room for no more.
template <class Name>
std::vector<int> fill(int family, const Name& name) {
  std::vector<int> made;
  for (int i = 0; i < 3; ++i) {
    made.push_back(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)::connect(made.back(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
  }
  return made;
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "guichet-XXXXXX").string();
  GUICHET_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::make(std::string_view name) const {
  std::filesystem::create_directory(path(name));
}

std::string Folder::read(std::string_view name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Folder::write(std::string_view name, std::string_view octets) const {
  std::ofstream(path(name), std::ios::binary) << octets;
}

MessageInMemory::MessageInMemory(std::string_view octets)
    : file_{.descriptor = ::memfd_create("message", MFD_CLOEXEC), .size_octets = octets.size()} {
  while (!octets.empty()) {
    const auto written = ::write(file_.descriptor, octets.data(), octets.size());
    GUICHET_CHECK(written > 0);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
}

MessageInMemory::~MessageInMemory() {
  ::close(file_.descriptor);
}

// --- Peer ----------------------------------------------------------------------------------------------

std::string Peer::read(std::size_t octets) {
  std::string text(octets, '\0');
  std::size_t have = 0;
  while (have < octets) {
    const auto got = ::recv(descriptor_, text.data() + have, octets - have, 0);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  alone_ = alone_ || have < octets;
  text.resize(have);
  return text;
}

std::string Peer::read_until(std::string_view end) {
  std::string text;
  while (!alone_ && !text.ends_with(end))
    text += read(1);
  return text;
}

void Peer::say(std::string_view octets) {
  while (!octets.empty() && !alone_) {
    const auto sent = ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL);
    alone_ = sent <= 0;
    if (!alone_) octets.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Peer::say_for_ever(std::string_view octets) {
  while (!alone_)
    say(octets);
}

void Peer::say_slowly(std::string_view octets) {
  for (pollfd waited{.fd = descriptor_, .events = POLLRDHUP, .revents = 0}; !alone_;) {
    say(octets);
    alone_ = alone_ || ::poll(&waited, 1, 10) > 0;
  }
}

void Peer::wait_until_alone() {
  pollfd waited{.fd = descriptor_, .events = POLLRDHUP, .revents = 0};
  (void)::poll(&waited, 1, -1);
}

// --- Servers -------------------------------------------------------------------------------------------

FakeServer::FakeServer(Talk talk)
    : talk_(std::move(talk)), listening_(listen_at(AF_INET, loopback(0), 64)), port_(port_of(listening_)) {
  thread_ = std::thread([this] { serve(); });
}

FakeServer::FakeServer(const std::string& path, Talk talk)
    : talk_(std::move(talk)), listening_(listen_at(AF_UNIX, at_path(path), 64)) {
  thread_ = std::thread([this] { serve(); });
}

FakeServer::~FakeServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (connected_ >= 0) ::shutdown(connected_, SHUT_RDWR);
    ::shutdown(listening_, SHUT_RDWR);
  }
  thread_.join();
  ::close(listening_);
}

unsigned FakeServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void FakeServer::serve() {
  for (;;) {
    const int taken = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (taken < 0) return;
    {
      const std::lock_guard lock(mutex_);
      connected_ = taken;
      ++connections_;
      if (stopping_) ::shutdown(taken, SHUT_RDWR);
    }
    Peer peer(taken);
    talk_(peer);
    const std::lock_guard lock(mutex_);
    connected_ = -1;
    ::close(taken);
  }
}

FullServer::FullServer()
    : listening_(listen_at(AF_INET, loopback(0), 0)),
      port_(port_of(listening_)),
      waiting_(fill(AF_INET, loopback(port_))) {}

FullServer::FullServer(const std::string& path)
    : listening_(listen_at(AF_UNIX, at_path(path), 0)), waiting_(fill(AF_UNIX, at_path(path))) {}

FullServer::~FullServer() {
  for (const int descriptor : waiting_)
    ::close(descriptor);
  ::close(listening_);
}

std::uint16_t free_port() {
  const int made = listen_at(AF_INET, loopback(0), 1);
  const auto port = port_of(made);
  ::close(made);
  return port;
}

}  // namespace guichet::filters
