// Commands that root types on a store that belongs to the gateway's user.
#pragma once

#include <filesystem>

namespace guichet::cli {

// As root, acts from now on as the owner of `path`, if that is another: the files that an index makes beside
// itself must be ones that the gateway can write. Nothing to do for everybody else, or when there is no such
// path.
void act_as_owner_of(const std::filesystem::path& path);

// While it lives, this thread opens files as whoever typed the command: a mailbox need not be readable for
// the owner of the store.
class AsCaller {
 public:
  AsCaller();
  ~AsCaller();
  AsCaller(const AsCaller&) = delete;
  AsCaller& operator=(const AsCaller&) = delete;

 private:
  int user_, group_;
};

}  // namespace guichet::cli
