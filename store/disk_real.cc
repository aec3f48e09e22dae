#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "store/disk.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::no_space;
    case EMFILE:
    case ENFILE:
      return ErrorKind::no_files;
    case ENOENT:
      return ErrorKind::absent;
    default:
      return ErrorKind::io;
  }
}

tl::unexpected<Error> fail_errno(const char* what, const fs::path& path, int code = errno) {
  return fail(kind_of(code), std::string(what) + " " + path.string() + ": " + std::strerror(code));
}

// A slow disk (NFS, FUSE) may be interrupted while it opens: that is no answer yet. Not for a sync, which is
// never tried again.
template <class Call>
int resumed(const Call& call) {
  for (;;)
    if (const int result = call(); result >= 0 || errno != EINTR) return result;
}

// A folder of somebody else's, or on a file system that has nothing to sync (a read-only root), is no disk
// that fails.
tl::unexpected<Error> fail_folder(const char* what, const fs::path& path) {
  const int code = errno;
  auto failure = fail_errno(what, path, code);
  const bool not_ours = code == EACCES || code == EPERM || code == EROFS || code == EINVAL;
  if (not_ours) failure.value().kind = ErrorKind::absent;
  return failure;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { ::close(fd_); }  // what matters was synced before; close has nothing more to say
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class RealFile final : public File {
 public:
  RealFile(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got =
          ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("cannot read", path_);
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write_at(std::span<const iovec> pieces, std::uint64_t offset) override {
    return write(pieces, offset, 0);
  }

  Result<void> write_durably(std::span<const iovec> pieces, std::uint64_t offset) override {
    return write(pieces, offset, RWF_DSYNC);
  }

  Result<void> sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return fail_errno("cannot sync", path_);
    return {};
  }

  Result<void> sync() override {
    if (::fsync(fd_.get()) != 0) return fail_errno("cannot sync", path_);
    return {};
  }

  Result<void> make_read_only() override {
    if (::fchmod(fd_.get(), 0440) != 0) return fail_errno("cannot make read-only", path_);
    return {};
  }

  Result<bool> is_read_only() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail_errno("cannot stat", path_);
    return (status.st_mode & 0222) == 0;
  }

  void forget(std::uint64_t from, std::uint64_t octets) const override {
    ::posix_fadvise(fd_.get(), static_cast<off_t>(from), static_cast<off_t>(octets), POSIX_FADV_DONTNEED);
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail_errno("cannot stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (resumed([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0)
      return fail_errno("cannot truncate", path_);
    return {};
  }

 private:
  // pwritev2 takes at most IOV_MAX pieces and may write fewer octets than given: both are resumed here. Where
  // the kernel is not Linux itself (a sandbox), it may not know RWF_DSYNC: then the sync is a call of its
  // own.
  Result<void> write(std::span<const iovec> given, std::uint64_t offset, int flags) {
    std::vector<iovec> pieces(given.begin(), given.end());
    std::size_t first = 0;
    bool sync_after = false;
    while (first < pieces.size()) {
      const auto count = static_cast<int>(std::min<std::size_t>(pieces.size() - first, IOV_MAX));
      const auto wrote =
          ::pwritev2(fd_.get(), pieces.data() + first, count, static_cast<off_t>(offset), flags);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && errno == EOPNOTSUPP && flags != 0) {
        flags = 0;
        sync_after = true;
        continue;
      }
      if (wrote < 0) return fail_errno("cannot write", path_);
      offset += static_cast<std::uint64_t>(wrote);
      first = skip_written(pieces, first, static_cast<std::size_t>(wrote));
    }
    return sync_after ? sync_data() : Result<void>();
  }

  static std::size_t skip_written(std::vector<iovec>& pieces, std::size_t first, std::size_t wrote) {
    while (first < pieces.size() && wrote >= pieces[first].iov_len)
      wrote -= pieces[first++].iov_len;
    if (wrote > 0) {
      pieces[first].iov_base = static_cast<char*>(pieces[first].iov_base) + wrote;
      pieces[first].iov_len -= wrote;
    }
    return first;
  }

  Descriptor fd_;
  fs::path path_;
};

class RealLock final : public FolderLock {
 public:
  explicit RealLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;  // flock goes with the descriptor, also when the process is killed
};

class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open_read(const fs::path& path) override { return open(path, O_RDONLY); }
  Result<std::unique_ptr<File>> open_write(const fs::path& path) override { return open(path, O_RDWR); }
  Result<void> make_writable(const fs::path& path) override {
    if (::chmod(path.c_str(), 0640) != 0) return fail_errno("cannot make writable", path);
    return {};
  }
  Result<std::unique_ptr<File>> create(const fs::path& path) override {
    return open(path, O_RDWR | O_CREAT | O_EXCL);
  }

  Result<void> remove(const fs::path& path) override {
    if (::remove(path.c_str()) != 0) return fail_errno("cannot remove", path);
    return {};
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("cannot rename", from);
    return {};
  }

  Result<std::vector<std::string>> list(const fs::path& folder) override {
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), &::closedir);
    if (!stream) return fail_errno("cannot list", folder);
    std::vector<std::string> names;
    errno = 0;  // how readdir tells a failure from the end: half a list would be half an archive
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) return fail_errno("cannot list", folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> make_folder(const fs::path& path) override {
    std::error_code code;
    fs::create_directories(path, code);
    if (code) return fail_errno("cannot make folder", path, code.value());
    return {};
  }

  Result<void> sync_folder(const fs::path& path) override {
    const int fd = resumed([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return fail_folder("cannot open folder", path);
    const Descriptor folder(fd);
    if (::fsync(fd) != 0) return fail_folder("cannot sync folder", path);
    return {};
  }

  Result<std::unique_ptr<FolderLock>> lock(const fs::path& file) override {
    const int fd = resumed([&] { return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640); });
    if (fd < 0) return fail_errno("cannot open lock", file);
    auto held = std::make_unique<RealLock>(fd);
    if (resumed([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) return held;
    if (errno != EWOULDBLOCK) return fail_errno("cannot lock", file);
    return fail(ErrorKind::busy, "the store is in use by another process (lock " + file.string() + ")");
  }

  Result<Space> space(const fs::path& folder) override {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) return fail_errno("cannot stat file system of", folder);
    return Space{.free_octets = std::uint64_t{status.f_bavail} * status.f_frsize,
                 .total_octets = std::uint64_t{status.f_blocks} * status.f_frsize,
                 .free_files = status.f_favail,
                 .total_files = status.f_files};
  }

  // By trying: a process is not told how many it has left.
  bool can_open(unsigned files) const override {
    if (files == 0) return true;
    const int fd = ::fcntl(any_.get(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return errno != EMFILE;
    const Descriptor probe(fd);
    return can_open(files - 1);
  }

 private:
  static Result<std::unique_ptr<File>> open(const fs::path& path, int flags) {
    const int fd = resumed([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0640); });
    if (fd < 0) return fail_errno("cannot open", path);
    return std::make_unique<RealFile>(fd, path);
  }

  const Descriptor any_{::open("/", O_PATH | O_CLOEXEC)};  // to be duplicated
};

}  // namespace

std::unique_ptr<Disk> real_disk() {
  return std::make_unique<RealDisk>();
}

}  // namespace guichet::store
