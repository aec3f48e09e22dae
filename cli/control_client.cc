#include "cli/control_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using store::ErrorKind;
using store::Result;

constexpr std::size_t answer_octets_max = 1 << 20;
constexpr std::chrono::seconds patience_for_index{5};

class Connection {
 public:
  Connection() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool connect(const fs::path& socket) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& path = socket.native();
    if (path.size() >= sizeof address.sun_path) return errno = ENAMETOOLONG, false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  void give_up_after(std::chrono::seconds time) const {
    const timeval limit{time.count(), 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit,
                 sizeof limit);  // connect() waits for a place in the queue
  }

  // MSG_NOSIGNAL: a gateway that ends meanwhile is an error, not a signal.
  [[nodiscard]] bool send(std::string_view line) const {
    while (!line.empty()) {
      const auto sent = ::send(fd_, line.data(), line.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return false;
      line.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // One octet and a descriptor with it (unix(7), SCM_RIGHTS).
  [[nodiscard]] bool send_with(char octet, int descriptor) const {
    iovec piece{&octet, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return ::sendmsg(fd_, &message, MSG_NOSIGNAL) == 1;
  }

  // Up to the first line end, or to the end of what is said.
  [[nodiscard]] std::string receive_line() const {
    std::string line;
    char octet = 0;
    while (line.size() < answer_octets_max) {
      const auto got = ::recv(fd_, &octet, 1, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || octet == '\n') break;
      line.push_back(octet);
    }
    return line;
  }

 private:
  const int fd_;
};

// The descriptor goes with a blank before the question, which is white space to JSON.
Result<Json> ask(const fs::path& socket, const Json& question,
                 std::optional<std::chrono::seconds> patience = {}, int attached = -1) {
  const Connection connection;
  if (patience) connection.give_up_after(*patience);
  if (!connection.connect(socket) || (attached >= 0 && !connection.send_with(' ', attached)) ||
      !connection.send(question.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"))
    return store::fail(ErrorKind::busy, "another process holds the store, and no gateway answers at " +
                                            socket.string() + ": " + std::strerror(errno));
  auto answer = Json::parse(connection.receive_line(), nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok"))
    return store::fail(ErrorKind::stopped,
                       "the gateway ended or is busy, and gave no answer at " + socket.string());
  if (answer["ok"] == true) return answer;
  const auto error = answer.find("error");
  return store::fail(ErrorKind::io, error != answer.end() && error->is_string()
                                        ? error->get<std::string>()
                                        : "the gateway refused, without a reason");
}

std::uint64_t number(const Json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

fs::path control_socket(const fs::path& store) {
  return store / "control.sock";
}

bool gateway_listens(const fs::path& store) {
  const Connection connection;
  connection.give_up_after(std::chrono::seconds(1));
  return connection.connect(control_socket(store)) || errno == EAGAIN;
}

Result<Json> ask_gateway(const fs::path& store, const Json& question, int attached) {
  return ask(control_socket(store), question, {}, attached);
}

Result<void> ask_for_current_index(const fs::path& store) {
  const auto answer = ask(control_socket(store), {{"command", "index wait"}}, patience_for_index);
  return answer ? Result<void>() : tl::unexpected(answer.error());
}

Result<Json> ask_for_counters(const fs::path& store) {
  const auto answer = ask(control_socket(store), {{"command", "counters"}}, patience_for_index);
  if (!answer) return tl::unexpected(answer.error());
  const auto counters = answer->find("counters");
  return counters != answer->end() && counters->is_object() ? *counters : Json::object();
}

Result<std::uint64_t> ask_to_take_in_history(const fs::path& store) {
  const auto answer = ask(control_socket(store), {{"command", "history"}});
  if (!answer) return tl::unexpected(answer.error());
  return number(*answer, "left");
}

Result<store::IndexCounts> ask_for_index_rebuild(const fs::path& store) {
  const auto answer = ask(control_socket(store), {{"command", "index rebuild"}});
  if (!answer) return tl::unexpected(answer.error());
  return store::IndexCounts{.messages = number(*answer, "messages"),
                            .bodies = number(*answer, "bodies"),
                            .deliveries = number(*answer, "deliveries"),
                            .waiting = number(*answer, "waiting")};
}

}  // namespace guichet::cli
