#include "store/room.h"

#include <algorithm>
#include <cstdlib>

namespace guichet::store {
namespace {

constexpr std::int64_t remembered_us = 1'000'000;
// More than a disk takes within that second.
constexpr std::uint64_t plenty_octets = 4ull << 30;

}  // namespace

Room::Room(Disk& disk, Clock& clock, std::filesystem::path folder, unsigned reserve_percent)
    : disk_(disk), clock_(clock), folder_(std::move(folder)), reserve_percent_(reserve_percent) {}

std::uint64_t Room::reserve_octets(const Disk::Space& space, unsigned reserve_percent) {
  return std::min(space.total_octets / 100 * reserve_percent, reserve_octets_max);
}

bool Room::holds(std::uint64_t octets) const {
  const auto now = clock_.now();
  if (remembered(octets, now)) return true;
  const auto space = disk_.space(folder_);
  if (!space) return true;  // the write itself will say
  const auto reserve = reserve_octets(*space, reserve_percent_);
  const auto free = space->free_octets - std::min(space->free_octets, reserve);
  free_octets_ = free;
  asked_us_ = now.unix_us;
  return free > octets;
}

// A clock that was set back counts as time that passed.
bool Room::remembered(std::uint64_t octets, Instant now) const {
  return std::abs(now.unix_us - asked_us_) < remembered_us && free_octets_ > octets &&
         free_octets_ - octets > plenty_octets;
}

}  // namespace guichet::store
