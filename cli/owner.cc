#include "cli/owner.h"

#include <sys/fsuid.h>
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

// Of the thread alone, where seteuid() would change the store's own threads as well (setfsuid(2)). Back to
// root the rights to files come back too (capabilities(7)).
AsCaller::AsCaller() : user_(::setfsuid(::getuid())), group_(::setfsgid(::getgid())) {}

AsCaller::~AsCaller() {
  ::setfsgid(static_cast<gid_t>(group_));
  ::setfsuid(static_cast<uid_t>(user_));
}

}  // namespace guichet::cli
