// How much may still be written, and how many files made, before the file system is down to the reserve,
// which is kept for what must always be written (hand-overs, tombstones).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "store/disk.h"
#include "store/seams.h"

namespace guichet::store {

// Thread-safe. Asked several times for each message, so that there is plenty is remembered for a second; that
// there is little never is.
class Room {
 public:
  static constexpr std::uint64_t reserve_octets_max = 256ull << 20;
  static constexpr std::uint64_t reserve_files_max = 1000;
  [[nodiscard]] static std::uint64_t reserve_octets(const Disk::Space& space, unsigned reserve_percent);

  // References must outlive the object.
  Room(Disk& disk, Clock& clock, std::filesystem::path folder, unsigned reserve_percent);

  [[nodiscard]] bool holds(std::uint64_t octets) const;
  [[nodiscard]] bool holds_a_file() const;

 private:
  [[nodiscard]] bool recent() const;
  bool look() const;  // false: the file system does not say

  Disk& disk_;
  Clock& clock_;
  const std::filesystem::path folder_;
  const unsigned reserve_percent_;
  mutable std::atomic<std::uint64_t> free_octets_ = 0;  // above the reserve, at asked_us_
  mutable std::atomic<std::uint64_t> free_files_ = 0;   // the same
  mutable std::atomic<std::int64_t> asked_us_ = 0;
};

}  // namespace guichet::store
