#include "cli/passwd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>

#include "cli/ask_password.h"
#include "cli/plain_text.h"
#include "popd/password_hash.h"
#include "store/error.h"

namespace guichet::cli {
namespace {

using store::Result;

tl::unexpected<store::Error> failed(const std::filesystem::path& path) {
  return store::fail(store::ErrorKind::io, "cannot write " + path.string() + ": " + std::strerror(errno));
}

// Whoever could read the old one can read the new one; a new one is the folder's owner's.
void give_to_owner(int descriptor, const std::filesystem::path& path, const std::filesystem::path& folder) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0 && ::stat(folder.c_str(), &old) != 0) return;
  // Only root can, and only root's file would be nobody else's.
  (void)!::fchown(descriptor, old.st_uid, old.st_gid);
}

bool write_and_sync(int descriptor, const std::string& text) {
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(descriptor) == 0;
  return ::close(descriptor) == 0 && synced;
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

// The old one or the new one, whole, whatever happens meanwhile.
Result<void> replace(const std::filesystem::path& path, const std::string& text) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const auto made = folder / ("." + path.filename().string() + "." + std::to_string(::getpid()));
  const int descriptor = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed(path);
  give_to_owner(descriptor, path, folder);
  if (!write_and_sync(descriptor, text) || ::rename(made.c_str(), path.c_str()) != 0) {
    auto failure = failed(path);
    ::unlink(made.c_str());
    return failure;
  }
  sync_folder(folder);
  return {};
}

void warn_of_root(const std::filesystem::path& path) {
  struct stat status {};
  if (::geteuid() == 0 && ::stat(path.c_str(), &status) == 0 && status.st_uid == 0)
    complain(path.string() + " is for root alone: give it to the user that the gateway runs as");
}

int put(const std::filesystem::path& path, const std::string& hash) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
    return complain(path.string() + " is no file");
  const auto replaced = replace(path, hash + '\n');
  if (!replaced) return complain(replaced.error().text);
  warn_of_root(path);
  return 0;
}

}  // namespace

int passwd(const PasswdOptions& options) {
  const auto password =
      options.generate ? tl::expected<std::string, std::string>(generate_password()) : ask_password();
  if (!password) return complain(password.error());
  const auto hash = popd::hash_password(*password);
  if (!hash) return complain(hash.error().text);
  if (const int failure = options.file.empty() ? 0 : put(options.file, *hash)) return failure;
  // A comment for the configuration, a line for Alaveteli's.
  if (options.generate)
    std::cout << (options.file.empty() ? "# " : "") << "POP_MAILER_PASSWORD: '" << *password << "'\n";
  if (options.file.empty()) std::cout << "password_hash = \"" << *hash << "\"\n";
  return 0;
}

}  // namespace guichet::cli
