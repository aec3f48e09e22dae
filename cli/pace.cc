#include "cli/pace.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>

namespace guichet::cli {
namespace {

constexpr std::size_t bar_columns = 20;
constexpr std::chrono::milliseconds between_lines{200};
constexpr std::chrono::milliseconds before_estimate{1000};  // the first figures are wild

std::string clock_text(std::uint64_t seconds) {
  char text[48];
  const auto hours = seconds / 3600, minutes = seconds / 60 % 60;
  if (hours > 0)
    std::snprintf(text, sizeof text, "%llu:%02llu:%02llu", static_cast<unsigned long long>(hours),
                  static_cast<unsigned long long>(minutes), static_cast<unsigned long long>(seconds % 60));
  else
    std::snprintf(text, sizeof text, "%llu:%02llu", static_cast<unsigned long long>(minutes),
                  static_cast<unsigned long long>(seconds % 60));
  return text;
}

}  // namespace

void Pace::wait(std::uint64_t done_octets, const std::stop_token& stop) const {
  if (octets_per_s_ == 0) return;
  const std::chrono::duration<double> due(static_cast<double>(done_octets) /
                                          static_cast<double>(octets_per_s_));
  const auto until = begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_until(lock, stop, until, [] { return false; });
}

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), looked_at_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (columns_ > 0) std::cerr << '\r' << std::string(columns_, ' ') << '\r' << std::flush;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!looked_at_ || now < next_) return;
  next_ = now + between_lines;
  auto line =
      progress_line(what_, done, total, std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_));
  const auto columns = line.size();
  line.append(columns_ > columns ? columns_ - columns : 0, ' ');
  columns_ = columns;
  std::cerr << '\r' << line << std::flush;
}

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::chrono::milliseconds elapsed) {
  const double share =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3d %%", static_cast<int>(share * 100));
  auto line =
      what + ": " + percent + " [" + std::string(filled, '#') + std::string(bar_columns - filled, ' ') + "]";
  if (elapsed < before_estimate || done == 0) return line;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = static_cast<double>(done) / seconds;
  char speed[48];
  std::snprintf(speed, sizeof speed, rate < 10 * 1048576.0 ? " %.1f MiB/s" : " %.0f MiB/s", rate / 1048576.0);
  const auto left = static_cast<double>(total - std::min(done, total)) / rate;
  return line + speed + ", " + clock_text(static_cast<std::uint64_t>(left + 0.5)) + " left";
}

}  // namespace guichet::cli
