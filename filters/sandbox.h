// The walls around a process that reads what strangers wrote: no file, no network, no other process, so much
// memory and no more. For a process of one thread, once; there is no way out of it but to end.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace guichet::filters {

struct SandboxLimits {
  // Of what it may write to (RLIMIT_DATA). Not of its address space: a message is mapped, read-only, and may
  // be as large as messages get.
  std::uint64_t memory_octets = 128 << 20;
  // In its whole life: a backstop for a worker whose gateway has died. The limit for each message is the
  // gateway's to keep (filters/worker_errand.h).
  unsigned cpu_s = 60;
  unsigned files = 16;
};

// What stands. Without these a worker does not start, except in a build with a sanitizer.
struct Walls {
  bool limits = false;   // memory, processor, files; no core, no file grows, no new process
  bool seccomp = false;  // a system call that is not on the list ends the process
  // Where the kernel has it: 0 where it has not.
  int landlock = 0;  // its version: no file from 1 on, no TCP from 4, no signals and abstract sockets from 6
  std::string left_out = {};  // why something is: a sanitizer
};
[[nodiscard]] std::string describe(const Walls& walls);

// Closes every descriptor above standard error but `socket`. On failure some walls may stand: end.
[[nodiscard]] tl::expected<Walls, std::string> enter_sandbox(const SandboxLimits& limits, int socket);

// True in a build whose sanitizer would itself break the walls: it maps terabytes and reads /proc.
[[nodiscard]] constexpr bool built_with_sanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)  // clang
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
  return false;
#endif
}

}  // namespace guichet::filters
