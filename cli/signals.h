// The signals that end the gateway or have it read again.
#pragma once

#include <chrono>
#include <csignal>

namespace guichet::cli {

// SIGTERM, SIGINT and SIGHUP, for this thread and those that it starts: only wait_for_signal() sees them.
// SIGPIPE is ignored.
[[nodiscard]] sigset_t block_signals();

// One that is in `signals`, or a number below 1 when none came within the time.
[[nodiscard]] int wait_for_signal(const sigset_t& signals, std::chrono::nanoseconds time);

}  // namespace guichet::cli
