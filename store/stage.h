// The durable prefix of the active volume, copied to where a backup reads it: backup/active/NNNNNNNN/, in
// segments that are named by the range of octets they hold, BBBBBBBBBBBB-EEEEEEEEEEEE (begin inclusive, end
// exclusive), contiguous from 0. Their concatenation is the prefix.
//
// Why segments: the active volume itself grows while it is read, and is zero-filled ahead. A copy that grew
// would be read whole and cut into chunks anew by each backup; a segment is new octets and nothing else.
//
// One caller at a time. Touches nothing but backup/active.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/types.h"

namespace guichet::store {

struct Segment {
  std::uint64_t begin = 0, end = 0;

  [[nodiscard]] std::string name() const;
  [[nodiscard]] static std::optional<Segment> from_name(std::string_view name);
  friend auto operator<=>(const Segment&, const Segment&) = default;
};

[[nodiscard]] std::filesystem::path active_folder(const std::filesystem::path& store, std::uint32_t volume);

// More of them are joined into one: a volume of a day would have 1,440.
inline constexpr std::size_t segments_max = 60;

struct StageOptions {
  Place end;  // where what is durable ends; its volume is the active one, or a sealed one: then nothing is to
              // be copied
  bool afresh = false;  // octets that were copied have changed since (an erasure)
  // Whether so many octets may be taken from the file system; the archive's reserve is not for copies.
  std::function<bool(std::uint64_t octets)> has_room = [](std::uint64_t) { return true; };
};

struct Staged {
  std::uint32_t sealed_through =
      0;  // volumes up to this one are sealed, to be read as they are; no others are
  // Folders of backup/active whose volume is among those: the sealed file says it all.
  std::vector<std::uint32_t> superseded;
};

// When it returns, the staged prefix ends at `end` and survives a power cut. After an error or a crash what
// is staged is a shorter prefix, and the next call goes on from there.
[[nodiscard]] Result<Staged> stage(Disk& disk, const std::filesystem::path& store,
                                   const StageOptions& options);

// Removes superseded folders; to be called when a backup holds the sealed files.
[[nodiscard]] Result<void> drop(Disk& disk, const std::filesystem::path& store,
                                const std::vector<std::uint32_t>& volumes);

}  // namespace guichet::store
