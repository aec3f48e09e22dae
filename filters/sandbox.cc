#include "filters/sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "filters/descriptor.h"

namespace guichet::filters {
namespace {

using Done = tl::expected<void, std::string>;

tl::unexpected<std::string> failed(const std::string& what, int code) {
  return tl::unexpected(what + ": " + std::generic_category().message(code));
}

// --- Limits ------------------------------------------------------------------------------------------------

struct Limit {
  __rlimit_resource resource;
  rlim_t value;
  const char* name;
  rlim_t hard_above = 0;
};

Done set_limit(const Limit& limit) {
  const rlimit both{limit.value, limit.value + limit.hard_above};
  if (::setrlimit(limit.resource, &both) != 0) return failed(std::string("setrlimit ") + limit.name, errno);
  return {};
}

// The processor's has a second more for SIGKILL, so that it is SIGXCPU that tells what happened.
Done set_limits(const SandboxLimits& limits) {
  const std::array<Limit, 6> wanted{{{RLIMIT_DATA, limits.memory_octets, "RLIMIT_DATA"},
                                     {RLIMIT_CPU, limits.cpu_s, "RLIMIT_CPU", 1},
                                     {RLIMIT_NOFILE, limits.files, "RLIMIT_NOFILE"},
                                     {RLIMIT_NPROC, 0, "RLIMIT_NPROC"},
                                     {RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"},
                                     {RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE"}}};
  for (const auto& limit : wanted)
    if (auto set = set_limit(limit); !set) return set;
  return {};
}

// --- Landlock ----------------------------------------------------------------------------------------------

// The kernel's structure as of version 6; an older one takes its beginning. Debian's headers know the first
// member only.
struct LandlockRuleset {
  std::uint64_t file_access = 0;
  std::uint64_t tcp_access = 0;
  std::uint64_t scopes = 0;
};

// All rights that a version knows are taken in hand, and none is given back by a rule.
LandlockRuleset landlock_ruleset(int version, std::size_t& octets) {
  LandlockRuleset ruleset;
  const unsigned file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  ruleset.file_access = (std::uint64_t{1} << file_rights) - 1;
  octets = sizeof ruleset.file_access;
  if (version >= 4) {
    ruleset.tcp_access = 3;  // bind, connect
    octets = 2 * sizeof ruleset.file_access;
  }
  if (version >= 6) {
    ruleset.scopes = 3;  // abstract sockets, signals
    octets = sizeof ruleset;
  }
  return ruleset;
}

// A second wall behind seccomp's. 0: this kernel has none, or it was not switched on.
tl::expected<int, std::string> restrict_by_landlock() {
  constexpr unsigned ask_version = 1;
  const auto version = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version));
  if (version <= 0) return 0;
  std::size_t octets = 0;
  const auto ruleset = landlock_ruleset(version, octets);
  const Descriptor made(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, octets, 0)));
  if (!made) return failed("landlock_create_ruleset", errno);
  if (::syscall(SYS_landlock_restrict_self, made.get(), 0) != 0)
    return failed("landlock_restrict_self", errno);
  return version;
}

// --- System calls ------------------------------------------------------------------------------------------

struct Freed {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Freed>;

// On what is open already, memory, and time. sysinfo is what the C library's qsort() asks; the signal mask is
// what its abort() sets.
constexpr std::array always{SCMP_SYS(read),
                            SCMP_SYS(write),
                            SCMP_SYS(writev),
                            SCMP_SYS(recvmsg),
                            SCMP_SYS(recvfrom),
                            SCMP_SYS(sendmsg),
                            SCMP_SYS(sendto),
                            SCMP_SYS(poll),
                            SCMP_SYS(ppoll),
                            SCMP_SYS(close),
                            SCMP_SYS(fstat),
                            SCMP_SYS(lseek),
                            SCMP_SYS(munmap),
                            SCMP_SYS(mremap),
                            SCMP_SYS(brk),
                            SCMP_SYS(madvise),
                            SCMP_SYS(futex),
                            SCMP_SYS(sched_yield),
                            SCMP_SYS(clock_gettime),
                            SCMP_SYS(gettimeofday),
                            SCMP_SYS(time),
                            SCMP_SYS(getrandom),
                            SCMP_SYS(sysinfo),
                            SCMP_SYS(getpid),
                            SCMP_SYS(gettid),
                            SCMP_SYS(rt_sigreturn),
                            SCMP_SYS(rt_sigprocmask),
                            SCMP_SYS(restart_syscall),
                            SCMP_SYS(exit),
                            SCMP_SYS(exit_group)};

int allow_calls(scmp_filter_ctx filter) {
  for (const int call : always)
    if (const int code = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); code != 0) return code;
  // Memory to write or to read, never to run.
  const scmp_arg_cmp not_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    if (const int code = ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &not_executable);
        code != 0)
      return code;
  // abort(), and nobody else's end.
  const scmp_arg_cmp itself{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0};
  return ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &itself);
}

// Anything else ends the process at once, with SIGSYS: no honest filter opens a file or makes a thread, so
// whatever does is not honest any more.
Done filter_calls() {
  const Filter filter(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return tl::unexpected(std::string("seccomp: no memory for the filter"));
  if (const int code = allow_calls(filter.get()); code != 0) return failed("seccomp, a rule", -code);
  if (const int code = ::seccomp_load(filter.get()); code != 0) return failed("seccomp_load", -code);
  return {};
}

// --- All of it ---------------------------------------------------------------------------------------------

Done close_others(int socket) {
  constexpr unsigned first = STDERR_FILENO + 1;
  const auto kept = static_cast<unsigned>(socket);
  if (kept > first && ::close_range(first, kept - 1, 0) != 0) return failed("close_range", errno);
  if (::close_range(kept < first ? first : kept + 1, ~0U, 0) != 0) return failed("close_range", errno);
  return {};
}

Done forbid_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs", errno);
  return set_limit({RLIMIT_CORE, 0, "RLIMIT_CORE"});
}

}  // namespace

std::string describe(const Walls& walls) {
  std::string text = "no new privileges";
  if (walls.limits) text += ", limits";
  if (walls.landlock > 0) text += ", landlock " + std::to_string(walls.landlock);
  if (walls.seccomp) text += ", seccomp";
  if (!walls.left_out.empty()) text += "; the rest is left out: " + walls.left_out;
  return text;
}

tl::expected<Walls, std::string> enter_sandbox(const SandboxLimits& limits, int socket) {
  if (const auto done = close_others(socket); !done) return tl::unexpected(done.error());
  if (const auto done = forbid_privileges(); !done) return tl::unexpected(done.error());
  if (built_with_sanitizer()) return Walls{.left_out = "a build with a sanitizer"};
  Walls walls;
  // Nobody of the same user reads its memory, or traces it.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE", errno);
  const auto landlock = restrict_by_landlock();
  if (!landlock) return tl::unexpected(landlock.error());
  walls.landlock = *landlock;
  if (const auto done = set_limits(limits); !done) return tl::unexpected(done.error());
  walls.limits = true;
  // The last one: it forbids to build the others.
  if (const auto done = filter_calls(); !done) return tl::unexpected(done.error());
  walls.seccomp = true;
  return walls;
}

}  // namespace guichet::filters
