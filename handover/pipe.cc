#include "handover/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "handover/child.h"

namespace guichet::handover {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t said_octets_max = 1024;  // the last words are what says what happened

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  const int number_;
};

std::string last_error(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

bool write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const auto wrote = ::write(descriptor, octets.data(), octets.size());
    if (wrote < 0 && errno != EINTR) return false;
    if (wrote > 0) octets.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// The whole message, to be read from its beginning. Empty: all went well.
std::string fill(int descriptor, store::ServedMessage& octets) {
  for (;;) {
    const auto piece = octets.next();
    if (!piece) return piece.error().text;
    if (piece->empty()) break;
    if (!write_all(descriptor, *piece)) return last_error("the input cannot be written");
  }
  return ::lseek(descriptor, 0, SEEK_SET) == 0 ? "" : last_error("the input cannot be read");
}

class LastWords {
 public:
  void add(const std::string& line) {
    said_ += said_.empty() ? line : "\n" + line;
    if (said_.size() > said_octets_max) said_.erase(0, said_.size() - said_octets_max);
  }
  [[nodiscard]] std::string after(const std::string& what) const {
    return said_.empty() ? what : what + ": " + said_;
  }

 private:
  std::string said_;
};

}  // namespace

Outcome PipeDriver::hand_over(const Item&, store::ServedMessage& octets, const std::stop_token& stop) {
  const Descriptor input(::open(options_.spool_folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (input.number() < 0) return {Outcome::Kind::unreachable, last_error("no room for the input")};
  if (auto trouble = fill(input.number(), octets); !trouble.empty())
    return {Outcome::Kind::unreachable, trouble};

  auto child = Child::start({.program = options_.command.front(),
                             .arguments = {options_.command.begin() + 1, options_.command.end()},
                             .environment = options_.environment,
                             .working_folder = "/",
                             .own_group = true,
                             .input = input.number()});
  if (!child) return {Outcome::Kind::unreachable, std::strerror(child.error())};
  LastWords words;
  const auto listen = [&](const std::string& line) { words.add(line); };
  const auto until = std::chrono::steady_clock::now() + options_.time_limit;
  while (!child->wait(100ms, listen, listen)) {
    const bool late = std::chrono::steady_clock::now() > until;
    if (!late && !stop.stop_requested()) continue;
    child->kill();
    if (!late) return {Outcome::Kind::stopped, ""};
    return {Outcome::Kind::refused_for_now, words.after("it did not end within its time")};
  }
  const int code = child->exit_code();
  if (code == 0) return {};
  const bool for_good = std::ranges::count(options_.refusing_exits, code) > 0;
  return {for_good ? Outcome::Kind::refused_for_good : Outcome::Kind::refused_for_now,
          words.after("exit " + std::to_string(code))};
}

}  // namespace guichet::handover
