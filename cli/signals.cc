#include "cli/signals.h"

#include <ctime>

namespace guichet::cli {

sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

int wait_for_signal(const sigset_t& signals, std::chrono::nanoseconds time) {
  constexpr std::chrono::nanoseconds second = std::chrono::seconds(1);
  const timespec wait{time / second, (time % second).count()};
  return ::sigtimedwait(&signals, nullptr, &wait);
}

}  // namespace guichet::cli
