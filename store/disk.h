// The seam to the disk. Everything the store does to files goes through here, so that a test can be the disk:
// tests/store/forgetful_disk.h forgets what was not synced and fails at the Nth call.
//
// The two halves of durability are separate calls, as they are on a real disk: sync() makes the octets of
// a file survive a power cut, sync_folder() makes its name survive. A new file needs both.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/error.h"

namespace guichet::store {

class File {
 public:
  virtual ~File() = default;

  // Fewer octets than asked for only at the end of the file. Thread-safe.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const = 0;
  // All or an error; after an error any prefix may have been written. Resumes after EINTR and short writes.
  [[nodiscard]] virtual Result<void> write_at(std::span<const iovec> pieces, std::uint64_t offset) = 0;
  // The same, durable when it returns: one call where write_at() and sync_data() would be two. A failure is
  // that of whichever half failed; no_space can only be the first.
  [[nodiscard]] virtual Result<void> write_durably(std::span<const iovec> pieces, std::uint64_t offset) = 0;
  // The octets, the size and the mode. After an error the state of what was not synced is unknown: never
  // retry, never acknowledge. sync_data() leaves out the mode.
  [[nodiscard]] virtual Result<void> sync_data() = 0;
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
  // The mark of a sealed volume, for people and for recovery; survives a power cut once synced.
  [[nodiscard]] virtual Result<void> make_read_only() = 0;
  [[nodiscard]] virtual Result<bool> is_read_only() const = 0;
  // These octets will not be read again soon: who reads everything must not push what is read often out of
  // the machine's memory. A hint; nothing happens to the file.
  virtual void forget(std::uint64_t from, std::uint64_t octets) const {
    static_cast<void>(from), static_cast<void>(octets);
  }
};

// Held as long as the object lives.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_read(const std::filesystem::path&) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_write(const std::filesystem::path&) = 0;
  // Undoes make_read_only() for whoever opens the file next.
  [[nodiscard]] virtual Result<void> make_writable(const std::filesystem::path&) = 0;
  // Fails when the file exists.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const std::filesystem::path&) = 0;
  // A file, or a folder with nothing in it.
  [[nodiscard]] virtual Result<void> remove(const std::filesystem::path&) = 0;
  [[nodiscard]] virtual Result<void> rename(const std::filesystem::path& from,
                                            const std::filesystem::path& to) = 0;
  // Names (not paths) of the entries, sorted.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
  [[nodiscard]] virtual Result<void> make_folder(
      const std::filesystem::path&) = 0;  // with parents; fine if there
  // absent: there is none, or none that is ours to sync.
  [[nodiscard]] virtual Result<void> sync_folder(const std::filesystem::path&) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<FolderLock>> lock(const std::filesystem::path& file) = 0;
  struct Space {
    std::uint64_t free_octets = 0;  // for an ordinary user
    std::uint64_t total_octets = 0;
    std::uint64_t free_files = 0;
    std::uint64_t total_files = 0;  // 0: this file system has no such bound, or does not tell
  };
  [[nodiscard]] virtual Result<Space> space(const std::filesystem::path& folder) = 0;
  // So many more files can be open at the same time in this process.
  [[nodiscard]] virtual bool can_open(unsigned files) const {
    static_cast<void>(files);
    return true;
  }
};

// The operating system's files.
[[nodiscard]] std::unique_ptr<Disk> real_disk();

}  // namespace guichet::store
