// A folder is as durable as its name in the one above, and as that one if it is new too.
#pragma once

#include <filesystem>

#include "store/disk.h"
#include "store/error.h"

namespace guichet::store {

// Makes it with its parents, unless it is there; survives a power cut when it returns.
[[nodiscard]] Result<void> make_folder_durably(Disk& disk, const std::filesystem::path& path);

}  // namespace guichet::store
