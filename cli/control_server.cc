#include "cli/control_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/acts.h"

namespace guichet::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t request_octets_max = 16 << 20;  // findings may tell of thousands of parts
constexpr int patience_s = 5;

// Empty: not a command at all.
std::string command_of(const json& request) {
  if (!request.is_object() || !request.contains("command")) return "";
  const auto* command = request["command"].get_ptr<const std::string*>();
  return command ? *command : "";
}

// A descriptor that came with a request; closed with the object.
class Attached {
 public:
  Attached() = default;
  ~Attached() { take(-1); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  void take(int descriptor) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// One read; what comes with it is kept, the last one if there are several.
ssize_t receive(int client, std::span<char> into, Attached& attached) {
  constexpr std::size_t descriptors_max = 4;
  iovec piece{into.data(), into.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(descriptors_max * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto got = ::recvmsg(client, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      attached.take(descriptor);
    }
  }
  return got;
}

std::string read_line(int client, Attached& attached) {
  std::string line;
  std::array<char, 4096> piece{};
  while (line.size() < request_octets_max && line.find('\n') == std::string::npos) {
    const auto got = receive(client, piece, attached);
    if (got <= 0) break;
    line.append(piece.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

void write_all(int client, std::string_view octets) {
  while (!octets.empty()) {
    const auto wrote = ::send(client, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (wrote <= 0) return;
    octets.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

bool bind_socket(int descriptor, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return errno = ENAMETOOLONG, false;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  ::unlink(path.c_str());  // of a run that was killed: we hold the store's lock, so nobody listens there
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::bind(descriptor, generic, sizeof address) == 0 && ::chmod(path.c_str(), 0660) == 0 &&
         ::listen(descriptor, 8) == 0;
}

}  // namespace

tl::expected<std::unique_ptr<ControlServer>, std::string> ControlServer::open(
    const std::filesystem::path& socket, store::Store& store, More more) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor >= 0 && bind_socket(descriptor, socket))
    return std::unique_ptr<ControlServer>(new ControlServer(descriptor, socket, store, std::move(more)));
  const auto error = "cannot listen on " + socket.string() + ": " + std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  return tl::unexpected(error);
}

ControlServer::ControlServer(int descriptor, std::filesystem::path socket, store::Store& store, More more)
    : descriptor_(descriptor),
      socket_(std::move(socket)),
      store_(store),
      more_(std::move(more)),
      thread_([this] { run(); }) {}

ControlServer::~ControlServer() {
  stopped_ = true;
  ::shutdown(descriptor_, SHUT_RDWR);  // wakes the thread from accept
  thread_.join();
  ::close(descriptor_);
  ::unlink(socket_.c_str());
}

void ControlServer::run() {
  while (!stopped_) {
    const int client = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) {
      serve(client);
      ::close(client);
    } else if (!stopped_) {
      ::poll(nullptr, 0, 100);  // out of descriptors: they come back
    }
  }
}

void ControlServer::serve(int client) {
  const timeval patience{patience_s, 0};
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  Attached attached;
  const auto line = read_line(client, attached);
  write_all(client, answer(line, attached.descriptor()) + "\n");
}

std::string ControlServer::answer(const std::string& line, int attached) {
  const auto request = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (const auto known = more_.find(command_of(request)); known != more_.end()) return known->second();
  // A path in an error's text may be no UTF-8.
  return carry_out(store_, request, attached).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace guichet::cli
