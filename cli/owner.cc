#include "cli/owner.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cli/plain_text.h"

namespace guichet::cli {

void act_as_owner_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(path.c_str(), &status) != 0 || status.st_uid == 0) return;
  // The group first: the user could not change it any more.
  if (::setegid(status.st_gid) != 0 || ::seteuid(status.st_uid) != 0)
    complain("cannot act as the owner of " + path.string() + ", goes on as root");
}

}  // namespace guichet::cli
