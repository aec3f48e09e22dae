#include "cli/ask_password.h"

#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace guichet::cli {
namespace {

using Asked = tl::expected<std::string, std::string>;

// SASL PLAIN carries no longer one (RFC 4616 section 2).
constexpr std::size_t password_octets_max = 255;
constexpr std::array deadly{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

volatile sig_atomic_t caught = 0;

void catch_signal(int number) {
  caught = number;
}

// No echo while it lives. A signal ends the reading, and is raised again afterwards: a shell that was left
// without an echo looks broken. Signals come in while it is waited for input and at no other time, or one
// just before that would be overlooked.
class Quiet {
 public:
  Quiet() {
    struct sigaction action {};
    action.sa_handler = &catch_signal;
    sigset_t held;
    sigemptyset(&held);
    for (std::size_t i = 0; i < deadly.size(); ++i) {
      sigaddset(&held, deadly[i]);
      ::sigaction(deadly[i], &action, &actions_[i]);
    }
    ::sigprocmask(SIG_BLOCK, &held, &mask_);
    ::tcgetattr(STDIN_FILENO, &terminal_);
    termios silent = terminal_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Quiet() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_);
    for (std::size_t i = 0; i < deadly.size(); ++i)
      ::sigaction(deadly[i], &actions_[i], nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
    if (caught) ::raise(caught);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

  [[nodiscard]] const sigset_t& mask() const { return mask_; }

 private:
  termios terminal_{};
  sigset_t mask_{};
  std::array<struct sigaction, deadly.size()> actions_{};
};

// Waits with these signals let in. False: nothing more comes.
bool read_octet(char& octet, const sigset_t* mask) {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (::ppoll(&input, 1, nullptr, mask) < 0)
    if (errno != EINTR || caught) return false;
  return ::read(STDIN_FILENO, &octet, 1) == 1;
}

// Octet by octet: what follows the line belongs to whoever reads next. None: nothing came.
std::optional<std::string> read_line(const sigset_t* mask) {
  std::string line;
  for (char octet = 0; read_octet(octet, mask);) {
    if (octet == '\n') return line;
    if (line.size() <= password_octets_max) line += octet;
  }
  return caught || line.empty() ? std::nullopt : std::optional(line);
}

std::optional<std::string> prompt(const char* text, const Quiet& quiet) {
  std::fputs(text, stderr);
  auto line = read_line(&quiet.mask());
  std::fputs("\n", stderr);
  return line;
}

Asked ask_twice() {
  const Quiet quiet;
  auto first = prompt("Password: ", quiet);
  const auto second = first ? prompt("The same again: ", quiet) : std::nullopt;
  if (!second) return tl::unexpected<std::string>("no password was given");
  if (*first != *second) return tl::unexpected<std::string>("the two are not the same; nothing was done");
  return *first;
}

Asked read_once() {
  auto line = read_line(nullptr);
  if (!line) return tl::unexpected<std::string>("no password came on standard input");
  if (line->ends_with('\r')) line->pop_back();
  return *line;
}

// What PASS and AUTH PLAIN can say.
Asked fit(Asked password) {
  if (!password) return password;
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  if (password->empty() || password->size() > password_octets_max ||
      std::ranges::any_of(*password, is_control))
    return tl::unexpected<std::string>("a password has 1 to 255 octets, and no control characters");
  return password;
}

}  // namespace

Asked ask_password() {
  return fit(::isatty(STDIN_FILENO) ? ask_twice() : read_once());
}

std::string generate_password() {
  constexpr std::string_view digits = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, none like another
  static_assert(digits.size() == 32);
  std::array<unsigned char, 32> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) std::abort();
  std::string text;
  for (const auto octet : octets)
    text += digits[octet % digits.size()];
  return text;
}

}  // namespace guichet::cli
