// Commands that root types on a store that belongs to the gateway's user.
#pragma once

#include <filesystem>

namespace guichet::cli {

// As root, acts from now on as the owner of `path`, if that is another: the files that an index makes beside
// itself must be ones that the gateway can write. Nothing to do for everybody else, or when there is no such
// path.
void act_as_owner_of(const std::filesystem::path& path);

}  // namespace guichet::cli
