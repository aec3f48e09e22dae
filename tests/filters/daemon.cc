#include "daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "store/check.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;

// After fork: only calls that are safe there.
[[noreturn]] void become(char* const* command, const char* output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a test that crashes runs no destructor
  const int log = ::open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(command[0], command);
  ::_exit(127);
}

}  // namespace

std::optional<std::string> Daemon::find(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string folders = std::string(path ? path : "") + ":/usr/sbin:/usr/bin:";
  for (std::size_t at = 0, end; (end = folders.find(':', at)) != std::string::npos; at = end + 1) {
    const auto file = folders.substr(at, end - at) + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

Daemon::Daemon(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> words;
  for (const auto& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_ = ::fork();
  GUICHET_CHECK(pid_ >= 0);
  if (pid_ == 0) become(words.data(), output.c_str());
  ::setpgid(pid_, pid_);  // whoever of the two comes first
  // Not by <sys/pidfd.h>: glibc 2.36 forgot that it may be read by C++.
  process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  GUICHET_CHECK(process_ >= 0);
}

Daemon::~Daemon() {
  go_on();
  ::kill(pid_, SIGTERM);
  (void)ended_within(10'000);
  ::kill(-pid_, SIGKILL);  // what is left of it
  ::waitpid(pid_, nullptr, 0);
  ::close(process_);
}

bool Daemon::comes_up(const std::function<bool()>& answers) const {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!answers())
    if (std::chrono::steady_clock::now() > deadline || ended_within(20)) return false;
  return true;
}

void Daemon::stop() const {
  ::kill(-pid_, SIGSTOP);
}

void Daemon::go_on() const {
  ::kill(-pid_, SIGCONT);
}

bool Daemon::ended_within(int time_ms) const {
  pollfd waited{.fd = process_, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, time_ms) > 0;
}

}  // namespace guichet::filters
