#include "handover/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

namespace guichet::handover {
namespace {

constexpr std::size_t line_octets_max = 64 << 20;  // a list of snapshots is one line

// Both ends are closed in children that others start meanwhile.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    for (const int end : ends_)
      if (end >= 0) ::close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] bool made() const { return ends_[0] >= 0; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  [[nodiscard]] int take_read_end() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    return std::exchange(ends_[0], -1);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

class SpawnPlan {
 public:
  SpawnPlan(const ChildOptions& options, int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    if (options.input)
      posix_spawn_file_actions_adddup2(&actions_, *options.input, STDIN_FILENO);
    else
      posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    // Asio's sockets are not closed on exec: nothing of ours but these is open in a child.
    if (options.kept_descriptor) posix_spawn_file_actions_adddup2(&actions_, *options.kept_descriptor, kept);
    posix_spawn_file_actions_addclosefrom_np(&actions_, options.kept_descriptor ? kept + 1 : kept);
    if (!options.working_folder.empty())
      posix_spawn_file_actions_addchdir_np(&actions_, options.working_folder.c_str());
    posix_spawnattr_init(&attributes_);
    set_signals(options.own_group);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  // The gateway's threads block the signals that end it and ignore SIGPIPE; a child must have neither: when
  // we are killed, SIGPIPE is what ends it.
  void set_signals(bool own_group) {
    sigset_t none, reset;
    sigemptyset(&none);
    sigemptyset(&reset);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
      sigaddset(&reset, number);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &reset);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                              (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  }

  static constexpr int kept = STDERR_FILENO + 1;
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> found;
  for (auto& word : words)
    found.push_back(word.data());
  found.push_back(nullptr);
  return found;
}

// As execvp does it, but with the PATH that the child will have.
std::string find_program(const ChildOptions& options) {
  if (options.program.find('/') != std::string::npos) return options.program;
  for (const auto& variable : options.environment) {
    if (!variable.starts_with("PATH=")) continue;
    std::string_view rest = std::string_view(variable).substr(5);
    while (!rest.empty()) {
      const auto folder = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
      const auto path = std::string(folder) + "/" + options.program;
      if (::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return "";
}

}  // namespace

tl::expected<Child, int> Child::start(const ChildOptions& options) {
  const auto program = find_program(options);
  if (program.empty()) return tl::unexpected(ENOENT);
  Pipe out, err;
  if (!out.made() || !err.made()) return tl::unexpected(errno);
  auto words = options.arguments;
  words.insert(words.begin(), options.program);
  auto environment = options.environment;
  const SpawnPlan plan(options, out.write_end(), err.write_end());
  Child child;
  const int code = ::posix_spawn(&child.pid_, program.c_str(), plan.actions(), plan.attributes(),
                                 pointers(words).data(), pointers(environment).data());
  if (code != 0) {
    child.pid_ = -1;
    return tl::unexpected(code);
  }
  child.own_group_ = options.own_group;
  child.streams_[0].descriptor = out.take_read_end();
  child.streams_[1].descriptor = err.take_read_end();
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      own_group_(other.own_group_),
      streams_(std::exchange(other.streams_, {})),
      exit_code_(other.exit_code_) {}

Child::~Child() {
  if (pid_ >= 0) {
    kill();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  for (const auto& stream : streams_)
    if (stream.descriptor >= 0) ::close(stream.descriptor);
}

bool Child::wait(std::chrono::milliseconds time, const OnLine& out, const OnLine& err) {
  std::array<pollfd, 2> polled{{{streams_[0].descriptor, POLLIN, 0}, {streams_[1].descriptor, POLLIN, 0}}};
  ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
  drain(out, err);
  if (!ended()) return false;
  drain(out, err);
  for (auto& stream : streams_)
    if (!stream.partial.empty()) (&stream == streams_.data() ? out : err)(std::exchange(stream.partial, {}));
  return true;
}

void Child::drain(const OnLine& out, const OnLine& err) {
  read(streams_[0], out);
  read(streams_[1], err);
}

// A line without end is dropped from its front: it is the last octets that say what happened.
// No more than so much at a time: whoever waits has a time limit to look at.
void Child::read(Stream& stream, const OnLine& on_line) {
  constexpr int pieces_max = 64;
  std::array<char, 16 * 1024> piece{};
  for (int pieces = 0; stream.descriptor >= 0 && pieces < pieces_max; ++pieces) {
    const auto got = ::read(stream.descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) {
      ::close(std::exchange(stream.descriptor, -1));
      return;
    }
    const auto known = stream.partial.size();  // no end in it
    stream.partial.append(piece.data(), static_cast<std::size_t>(got));
    for (auto end = stream.partial.find('\n', known); end != std::string::npos;
         end = stream.partial.find('\n')) {
      on_line(stream.partial.substr(0, end));
      stream.partial.erase(0, end + 1);
    }
    if (stream.partial.size() > line_octets_max)
      stream.partial.erase(0, stream.partial.size() - line_octets_max);
  }
}

bool Child::ended() {
  if (pid_ < 0) return true;
  int status = 0;
  const auto got = ::waitpid(pid_, &status, WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) return false;
  exit_code_ = got < 0 ? 1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return true;
}

void Child::interrupt() {
  signal(SIGINT);
}

void Child::kill() {
  signal(SIGKILL);
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(own_group_ ? -pid_ : pid_, number);
}

}  // namespace guichet::handover
