// The worker's own half: the loop of `guichet filter-worker`. One message after the other comes over a
// socket, is mapped read-only, and given to a function that knows the filters; what it finds goes back as
// soon as it is found, so that a crash loses only what comes after. Nothing of a message outlives it here
// but freed memory.
#pragma once

#include <functional>
#include <string_view>

#include "filters/findings.h"
#include "filters/names.h"
#include "filters/sandbox.h"
#include "filters/worker_protocol.h"

namespace guichet::filters {

// Where findings go.
class Tell {
 public:
  virtual ~Tell() = default;
  // What begins now: a crash is then told with it.
  virtual void begins(Stage stage) = 0;
  // Findings with one thing in them; each thing once. Errors may come at any time.
  virtual void found(const Findings& piece) = 0;
  // The next octets of the part that was asked for, in pieces of any size; not more than the message has.
  virtual void octets(std::string_view octets) = 0;
};

// Looks at one message. `octets` live during the call. An exception is an error of this message, and the end
// of this worker. Whatever it needs from files is to be loaded by WorkerOptions::prepare.
using Examine =
    std::function<void(const Request& request, std::string_view octets, Names& names, Tell& tell)>;

struct WorkerOptions {
  SandboxLimits limits;
  std::function<void()> prepare = {};  // before the walls stand: tables, lists, libraries that read a file
};

// Returns the exit code: 0 when the gateway has closed the socket or the worker was told to end.
[[nodiscard]] int run_worker(int socket, const WorkerOptions& options, const Examine& examine);

// Where the gateway has put the socket.
inline constexpr int worker_socket = 3;

}  // namespace guichet::filters
