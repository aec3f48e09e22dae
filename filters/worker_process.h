// A worker as the gateway sees it: a process that it started, a socket to it, and what it says on standard
// error. Owned by one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "filters/descriptor.h"
#include "filters/wire.h"

namespace guichet::filters {

struct WorkerCommand {
  std::vector<std::string> words = {};        // a path, not looked for in PATH, and arguments
  std::vector<std::string> environment = {};  // NAME=VALUE: all that it gets
};

class WorkerProcess {
 public:
  using OnLine = std::function<void(const std::string& line)>;

  // Started, and its walls stand. It has nothing of ours but the socket, as descriptor 3.
  [[nodiscard]] static tl::expected<std::unique_ptr<WorkerProcess>, std::string> start(
      const WorkerCommand& command, const OnLine& log);
  ~WorkerProcess();  // as finish(), without a word
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  [[nodiscard]] Wire& wire() { return wire_; }
  [[nodiscard]] pid_t started_as() const { return started_as_; }  // its pid, while it is not waited for
  [[nodiscard]] const std::string& walls() const { return walls_; }
  // It lives, and keeps silent as it should.
  [[nodiscard]] bool idles() const { return pid_ > 0 && wire_.silent(); }
  // Of the processor, in its whole life: as the kernel counts, whatever the worker does.
  [[nodiscard]] std::chrono::nanoseconds cpu_used() const;
  // Passes on what it wrote to standard error: so many lines, shortened, printable.
  void pass_on_words(const OnLine& log);

  // Closes the socket, which an honest worker takes for its end, and kills the others. Afterwards the process
  // is gone and waited for.
  void finish(std::chrono::milliseconds patience = std::chrono::seconds(1));
  // Kills it, unless it has ended already: "died by signal 11 (SIGSEGV)", "ended with exit code 0", or
  // `was_killed`, by us or by others.
  static constexpr std::string_view was_killed = "was killed";
  [[nodiscard]] std::string kill();

 private:
  WorkerProcess(pid_t pid, Descriptor socket, Descriptor words);
  [[nodiscard]] tl::expected<void, std::string> wait_for_walls();
  [[nodiscard]] int reap();

  pid_t started_as_;
  pid_t pid_;  // -1: gone and waited for
  Wire wire_;
  Descriptor words_;
  std::string walls_;
};

}  // namespace guichet::filters
