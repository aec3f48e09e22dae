// A child process with its two outputs as lines.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace guichet::handover {

struct ChildOptions {
  std::string program;                   // a name is looked for in the PATH of `environment`
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // NAME=VALUE, and nothing else
  std::filesystem::path working_folder;
  bool own_group = false;
  std::optional<int> input = std::nullopt;            // its standard input; nothing: /dev/null
  std::optional<int> kept_descriptor = std::nullopt;  // open in the child too, so that its lock lives as long
};

class Child {
 public:
  // The error is an errno: ENOENT when there is no such program.
  [[nodiscard]] static tl::expected<Child, int> start(const ChildOptions& options);
  ~Child();  // kills it, if it still runs
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  using OnLine = std::function<void(const std::string& line)>;
  // Waits up to `time` for lines or the end. True: it has ended, and all it said has been told.
  [[nodiscard]] bool wait(std::chrono::milliseconds time, const OnLine& out, const OnLine& err);

  void interrupt();  // SIGINT: restic removes its lock
  void kill();
  [[nodiscard]] int exit_code() const { return exit_code_; }  // 128 + N after a signal

 private:
  struct Stream {
    int descriptor = -1;
    std::string partial;
  };
  Child() = default;
  static void read(Stream& stream, const OnLine& on_line);
  void drain(const OnLine& out, const OnLine& err);
  [[nodiscard]] bool ended();
  void signal(int number) const;

  pid_t pid_ = -1;
  bool own_group_ = false;
  std::array<Stream, 2> streams_;
  int exit_code_ = -1;
};

}  // namespace guichet::handover
