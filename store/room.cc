#include "store/room.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace guichet::store {
namespace {

constexpr std::int64_t remembered_us = 1'000'000;
// More than a disk takes within that second.
constexpr std::uint64_t plenty_octets = 4ull << 30;
constexpr std::uint64_t plenty_files = 100'000;

}  // namespace

Room::Room(Disk& disk, Clock& clock, std::filesystem::path folder, unsigned reserve_percent)
    : disk_(disk), clock_(clock), folder_(std::move(folder)), reserve_percent_(reserve_percent) {}

std::uint64_t Room::reserve_octets(const Disk::Space& space, unsigned reserve_percent) {
  return std::min(space.total_octets / 100 * reserve_percent, reserve_octets_max);
}

bool Room::holds(std::uint64_t octets) const {
  if (recent() && free_octets_ > octets && free_octets_ - octets > plenty_octets) return true;
  return !look() || free_octets_ > octets;  // if it does not say, the write itself will
}

bool Room::holds_a_file() const {
  if (recent() && free_files_ > plenty_files) return true;
  return !look() || free_files_ > 0;
}

// A clock that was set back counts as time that passed.
bool Room::recent() const {
  return std::abs(clock_.now().unix_us - asked_us_) < remembered_us;
}

bool Room::look() const {
  const auto now = clock_.now();
  const auto space = disk_.space(folder_);
  if (!space) return false;
  free_octets_ = space->free_octets - std::min(space->free_octets, reserve_octets(*space, reserve_percent_));
  const auto reserve_files = std::min(space->total_files / 100 * reserve_percent_, reserve_files_max);
  const bool unbounded = space->total_files == 0;
  free_files_ = unbounded ? UINT64_MAX : space->free_files - std::min(space->free_files, reserve_files);
  asked_us_ = now.unix_us;
  return true;
}

}  // namespace guichet::store
