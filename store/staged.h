// The staged part of the active volume: backup/active/NNNNNNNN/ holds files named by the octets of the volume
// that they hold, BBBBBBBBBBBB-EEEEEEEEEEEE (decimal; begin inclusive, end exclusive), contiguous from 0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/error.h"

namespace guichet::store {

struct StagedSegment {
  std::filesystem::path path;
  std::uint64_t begin = 0, end = 0;  // of the file, in octets of the volume
  std::uint64_t from = 0;            // the first octet that is to be taken from it
};

struct StagedVolume {
  std::uint32_t number = 0;
  std::vector<StagedSegment> segments;  // in order; together all octets from 0 to the end of the last one
  std::vector<std::string> flaws;       // why what follows could not be used
};

// By number; none where nothing is staged. A backup that was interrupted while it joined segments may have
// left the joined one beside its parts: the longest one that leads on is taken.
[[nodiscard]] Result<std::vector<StagedVolume>> staged_volumes(Disk& disk,
                                                               const std::filesystem::path& folder);

}  // namespace guichet::store
