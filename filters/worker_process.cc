#include "filters/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <system_error>

#include "filters/worker.h"

namespace guichet::filters {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience_at_start{10};
constexpr std::size_t line_octets_max = 512;
constexpr std::size_t lines_max = 32;
constexpr std::size_t hello_octets_max = 1024;

// Both ends are closed in children that others start meanwhile: a worker sees the end of the socket when we
// close ours.
struct Ends {
  Descriptor ours, theirs;
};

Ends socket_pair() {
  std::array<int, 2> made{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made.data()) != 0) return {};
  return {Descriptor(made[0]), Descriptor(made[1])};
}

// Neither end waits: a worker that floods it loses what does not fit, and we look when it suits us.
Ends word_pipe() {
  std::array<int, 2> made{-1, -1};
  if (::pipe2(made.data(), O_CLOEXEC | O_NONBLOCK) != 0) return {};
  return {Descriptor(made[0]), Descriptor(made[1])};
}

class SpawnPlan {
 public:
  SpawnPlan(int socket, int words) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    // The one that may stand where the other belongs goes first.
    posix_spawn_file_actions_adddup2(&actions_, words, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, socket, worker_socket);
    posix_spawn_file_actions_addclosefrom_np(&actions_, worker_socket + 1);
    posix_spawnattr_init(&attributes_);
    set_signals();
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  [[nodiscard]] int spawn(pid_t& pid, std::vector<char*> words, std::vector<char*> environment) const {
    return ::posix_spawn(&pid, words.front(), &actions_, &attributes_, words.data(), environment.data());
  }

 private:
  // Whatever the gateway blocks or ignores. A group of its own: a Ctrl-C at the terminal is the gateway's,
  // which has messages to finish.
  void set_signals() {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                              POSIX_SPAWN_SETPGROUP));
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> found(words.size() + 1, nullptr);
  std::ranges::transform(words, found.begin(), [](std::string& word) { return word.data(); });
  return found;
}

std::string printable(std::string_view line) {
  std::string text(line.substr(0, line_octets_max));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string words_for_status(int status) {
  if (WIFEXITED(status)) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "ended";
  const int number = WTERMSIG(status);
  const char* name = ::sigabbrev_np(number);
  return "died by signal " + std::to_string(number) + (name ? std::string(" (SIG") + name + ")" : "");
}

}  // namespace

tl::expected<std::unique_ptr<WorkerProcess>, std::string> WorkerProcess::start(const WorkerCommand& command,
                                                                               const OnLine& log) {
  if (command.words.empty())
    return tl::unexpected(std::string("a filter worker does not start: no program is named"));
  auto socket = socket_pair();
  auto words = word_pipe();
  if (!socket.ours || !words.ours)
    return tl::unexpected("a filter worker does not start: " + std::generic_category().message(errno));
  auto arguments = command.words;
  auto environment = command.environment;
  pid_t pid = -1;
  const int code = SpawnPlan(socket.theirs.get(), words.theirs.get())
                       .spawn(pid, pointers(arguments), pointers(environment));
  if (code != 0)
    return tl::unexpected("a filter worker does not start: " + command.words.front() + ": " +
                          std::generic_category().message(code));
  socket.theirs.close();
  words.theirs.close();
  std::unique_ptr<WorkerProcess> worker(
      new WorkerProcess(pid, std::move(socket.ours), std::move(words.ours)));
  const auto ready = worker->wait_for_walls();
  worker->pass_on_words(log);
  if (!ready) return tl::unexpected(ready.error());
  return worker;
}

WorkerProcess::WorkerProcess(pid_t pid, Descriptor socket, Descriptor words)
    : started_as_(pid),
      pid_(pid),
      wire_(std::move(socket), from_worker_octets_max, false),
      words_(std::move(words)) {}

WorkerProcess::~WorkerProcess() {
  finish();
}

tl::expected<void, std::string> WorkerProcess::wait_for_walls() {
  const auto hello = wire_.receive(Wire::Clock::now() + patience_at_start);
  if (hello && hello->type == FrameType::hello && hello->payload.size() <= hello_octets_max) {
    walls_ = printable(hello->payload);
    return {};
  }
  return tl::unexpected("a filter worker " + kill() + " before its walls stood");
}

std::chrono::nanoseconds WorkerProcess::cpu_used() const {
  clockid_t clock{};
  timespec used{};
  if (pid_ <= 0 || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void WorkerProcess::pass_on_words(const OnLine& log) {
  std::array<char, 16 * 1024> piece;
  const auto got = ::read(words_.get(), piece.data(), piece.size());
  if (got <= 0 || !log) return;
  std::string_view rest(piece.data(), static_cast<std::size_t>(got));
  for (std::size_t lines = 0; !rest.empty() && lines < lines_max; ++lines) {
    const auto line = rest.substr(0, rest.find('\n'));
    if (!line.empty()) log("filter worker " + std::to_string(started_as_) + ": " + printable(line));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
}

// The end of standard error is the end of an honest worker. One that has only closed it dies anyway.
void WorkerProcess::finish(milliseconds patience) {
  wire_.close();
  if (pid_ <= 0) return;
  const auto until = Wire::Clock::now() + patience;
  std::array<char, 4096> piece;
  for (;;) {
    pollfd polled{words_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<milliseconds>(until - Wire::Clock::now()).count();
    if (left <= 0 || ::poll(&polled, 1, static_cast<int>(left)) == 0) break;
    const auto got = ::read(words_.get(), piece.data(), piece.size());
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) break;
  }
  static_cast<void>(kill());
}

// Its status was fixed before its descriptors were closed, so the signal changes nothing for a process that
// is on its way out, and the reason that we learn is the first one.
std::string WorkerProcess::kill() {
  if (pid_ <= 0) return "is gone";
  ::kill(pid_, SIGKILL);
  const int status = reap();
  const bool by_kill = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  return by_kill ? std::string(was_killed) : words_for_status(status);
}

int WorkerProcess::reap() {
  int status = SIGKILL;  // whoever has waited for it instead of us did not say
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace guichet::filters
