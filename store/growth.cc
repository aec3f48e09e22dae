#include "store/growth.h"

#include <algorithm>
#include <string>

#include "store/room.h"
#include "store/warc.h"

namespace guichet::store {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t looked_back_days = 30;

// When the volume was begun: the date of its first record.
std::optional<Instant> begun(const File& file) {
  std::string octets(header_octets_max, '\0');
  octets.resize(file.read_at(octets, 0).value_or(0));
  const auto decoded = decode_header(octets, Digest{});
  return decoded ? std::optional(decoded->header.date) : std::nullopt;
}

struct Recent {
  std::uint64_t octets = 0;
  std::optional<Instant> since;

  void add(std::uint64_t size, Instant at, Instant now) {
    if (now.unix_us - at.unix_us > looked_back_days * day_us) return;
    octets += size;
    since = since ? std::min(*since, at) : at;
  }

  [[nodiscard]] std::optional<std::uint64_t> per_day(Instant now) const {
    if (!since || now.unix_us - since->unix_us < day_us) return std::nullopt;
    const auto days = static_cast<double>(now.unix_us - since->unix_us) / static_cast<double>(day_us);
    return static_cast<std::uint64_t>(static_cast<double>(octets) / days);
  }
};

}  // namespace

Result<Growth> measure_growth(const Archive& archive, unsigned reserve_percent, Instant now) {
  const auto volumes = archive.all_volumes();
  if (!volumes) return tl::unexpected(volumes.error());
  const auto space = archive.disk().space(archive.folder());
  if (!space) return tl::unexpected(space.error());
  Growth growth{.volumes = volumes->size(),
                .octets = 0,
                .free_octets = space->free_octets,
                .total_octets = space->total_octets,
                .octets_per_day = std::nullopt,
                .days_left = std::nullopt};
  Recent recent;
  for (const auto& volume : *volumes) {
    const auto file = archive.open(volume.number);
    if (!file) return tl::unexpected(file.error());
    const auto size = (*file)->size();
    if (!size) return tl::unexpected(size.error());
    growth.octets += *size;
    if (const auto at = begun(**file)) recent.add(*size, *at, now);
  }
  growth.octets_per_day = recent.per_day(now);
  const auto reserve = std::min(growth.free_octets, Room::reserve_octets(*space, reserve_percent));
  if (growth.octets_per_day.value_or(0) > 0)
    growth.days_left = (growth.free_octets - reserve) / *growth.octets_per_day;
  return growth;
}

}  // namespace guichet::store
