// Listening sockets that a service manager has opened before this process began and keeps open when it ends:
// sd_listen_fds(3), of which the protocol is three environment variables. A client that comes while one
// process gives way to the next waits in the backlog of such a socket and is not refused. No Asio in it.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace guichet::net {

// Owns the sockets that nobody took yet. Not thread-safe: it is used while the gateway starts.
class PassedSockets {
 public:
  PassedSockets() = default;
  PassedSockets(PassedSockets&&) noexcept = default;
  PassedSockets& operator=(PassedSockets&&) noexcept = default;
  ~PassedSockets();

  // Those of $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES; none when they are for another process. The
  // variables are removed and the sockets closed at an exec, so that no child takes them for its own. Call it
  // once, before there are threads. The error is one line.
  [[nodiscard]] static tl::expected<PassedSockets, std::string> from_environment();
  // The same of `count` descriptors from `first` on; `names` in their order, with colons between.
  [[nodiscard]] static tl::expected<PassedSockets, std::string> from_descriptors(int first, int count,
                                                                                 const std::string& names);

  // The descriptor of the one that listens there ("127.0.0.1:25", "[::1]:25"), the caller's from now on; -1:
  // none does.
  [[nodiscard]] int take(const std::string& address);
  // What nobody took, one line for the operator; empty: nothing is left.
  [[nodiscard]] std::string left() const;

 private:
  struct Passed {
    int descriptor;
    std::string address, name;
  };
  std::vector<Passed> passed_;
};

}  // namespace guichet::net
