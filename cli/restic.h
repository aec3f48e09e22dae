// restic as a child process: its environment, its lines, its end. The store knows no processes; this does.
//
// It inherits the niceness of the calling thread (lower_priority()) and gets an environment of its own: PATH,
// HOME and what the envdir says. The keys are in no argument, where `ps` would show them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "cli/restic_trouble.h"
#include "conf/settings.h"

namespace guichet::cli {

struct ResticOptions {
  std::string program, repository;
  std::filesystem::path envdir, cacert_file;
  std::filesystem::path cache;  // empty: where restic has it by itself
  std::filesystem::path working_folder;
  std::uint64_t upload_kib_per_s = 0;
  std::optional<int> kept_descriptor = std::nullopt;  // a lock that is restic's as well as ours
  bool own_group = false;  // a Ctrl-C for this process is not for restic too; we interrupt it ourselves
};
[[nodiscard]] ResticOptions restic_options(const conf::Settings& settings);

struct ResticWatch {
  // A line of standard output. True: it shows progress (see below).
  std::function<bool(const std::string& line)> on_line = [](const std::string&) { return true; };
  // Now and then while restic runs or a lock is waited for, at least once a second.
  std::function<void()> on_tick = [] {};
  // How long a lock of another run is waited for. restic 0.14 has no --retry-lock.
  std::chrono::seconds lock_patience{600};
};

using ResticResult = tl::expected<void, ResticFailure>;

// Runs `restic ARGUMENTS` to its end. It is interrupted, so that it takes back its lock, and killed when that
// does not help: on a request to stop; when it keeps repeating an operation that fails, for 20 s, or at once
// if repeating cannot help; and after an hour without progress.
[[nodiscard]] ResticResult run_restic(const ResticOptions& options, const std::vector<std::string>& arguments,
                                      const ResticWatch& watch, const std::stop_token& stop);

// The variables of a folder as daemontools' envdir has them: the name of a file, its first line without
// trailing blanks, NUL as a line end; a file of no octets takes the variable away.
using Environment = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] tl::expected<Environment, std::string> read_envdir(const std::filesystem::path& folder);

// The calling thread and the children it makes from now on give way to everybody else, processor and disk.
void lower_priority();

}  // namespace guichet::cli
