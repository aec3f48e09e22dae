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

#include "cli/acts.h"

namespace guichet::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t request_octets_max = 1 << 20;  // an erasure may name thousands of messages
constexpr int patience_s = 5;

// Empty: not a command at all.
std::string command_of(const json& request) {
  if (!request.is_object() || !request.contains("command")) return "";
  const auto* command = request["command"].get_ptr<const std::string*>();
  return command ? *command : "";
}

std::string read_line(int client) {
  std::string line;
  std::array<char, 4096> piece{};
  while (line.size() < request_octets_max && line.find('\n') == std::string::npos) {
    const auto got = ::recv(client, piece.data(), piece.size(), 0);
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
  write_all(client, answer(read_line(client)) + "\n");
}

std::string ControlServer::answer(const std::string& line) {
  const auto request = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (const auto known = more_.find(command_of(request)); known != more_.end()) return known->second();
  // A path in an error's text may be no UTF-8.
  return carry_out(store_, request).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace guichet::cli
