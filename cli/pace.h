// Reading no faster than asked, and saying how far it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace guichet::cli {

// For one thread, from the moment it is made.
class Pace {
 public:
  explicit Pace(std::uint64_t mib_per_s) : octets_per_s_(mib_per_s << 20) {}  // 0: no limit

  // Until so many octets may have been read; sooner when a stop is requested.
  void wait(std::uint64_t done_octets, const std::stop_token& stop = {}) const;

 private:
  std::uint64_t octets_per_s_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// A line on standard error that is written over: percentage, rate and the time that is left. Only where
// somebody is looking.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done, std::uint64_t total);

 private:
  const std::string what_;
  const bool looked_at_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_ = begin_;
  std::size_t columns_ = 0;  // of what is shown
};

// "verify:  43 % [########            ] 512 MiB/s, 1:20 left"
[[nodiscard]] std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                                        std::chrono::milliseconds elapsed);

}  // namespace guichet::cli
