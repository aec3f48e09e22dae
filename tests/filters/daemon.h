// A real server for a test: a child in a process group of its own, ended with the test, however that ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace guichet::filters {

class Daemon {
 public:
  // Where the program is; nothing: not on this machine.
  [[nodiscard]] static std::optional<std::string> find(const std::string& program);

  Daemon(const std::vector<std::string>& command, const std::string& output);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Tries until it is true; not any more once it has ended, or after 30 seconds.
  [[nodiscard]] bool comes_up(const std::function<bool()>& answers) const;

  void stop() const;  // it keeps its connections and does nothing: SIGSTOP, to its children too
  void go_on() const;

 private:
  [[nodiscard]] bool ended_within(int time_ms) const;

  pid_t pid_;
  int process_;  // a pidfd
};

}  // namespace guichet::filters
