// Where a volume can be had again: another copy of the store, or an off-site repository (cli/).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "store/disk.h"
#include "store/error.h"

namespace guichet::store {

class VolumeSource {
 public:
  virtual ~VolumeSource() = default;

  // Puts what there is of a volume somewhere into the folder, which is the caller's and empty, and says
  // where. It may be the beginning of the volume only, as it was when the copy was made. absent: there is
  // none.
  [[nodiscard]] virtual Result<std::filesystem::path> fetch(std::uint32_t volume,
                                                            const std::filesystem::path& into_folder) = 0;
  [[nodiscard]] virtual std::string name() const = 0;
};

// Another copy of the store: volumes/NNNNNNNN.warc, or the segments of backup/active/NNNNNNNN/.
[[nodiscard]] std::unique_ptr<VolumeSource> folder_source(Disk& disk, std::filesystem::path store);

// Octets of one file behind those of another, in pieces. `at`: the end of `to`, moved on.
[[nodiscard]] Result<void> append_octets(const File& from, std::uint64_t begin, std::uint64_t end, File& to,
                                         std::uint64_t& at);

}  // namespace guichet::store
