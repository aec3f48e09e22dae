#include "cli/export_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "cli/mail_date.h"
#include "cli/mbox.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using store::ErrorKind;
using store::Result;

tl::unexpected<store::Error> failed(const fs::path& path) {
  return store::fail(ErrorKind::io, path.string() + ": " + std::strerror(errno));
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return store::fail(ErrorKind::io, folder.string() + ": " + error.message());
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(folder);
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced ? Result<void>() : failed(folder);
}

// A file that gets its name when it is whole.
class NewFile {
 public:
  NewFile() = default;
  ~NewFile() { discard(); }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Takes the place of what an interrupted run left under that name.
  Result<void> create(const fs::path& path) {
    path_ = path;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd_ >= 0 ? Result<void>() : failed(path);
  }

  Result<void> write(std::string_view octets) const {
    while (!octets.empty()) {
      const auto wrote = ::write(fd_, octets.data(), octets.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed(path_);
      octets.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }

  Result<void> name(const fs::path& path, std::optional<store::Instant> time) {
    if (time) {
      const timespec at{time->unix_us / 1'000'000, time->unix_us % 1'000'000 * 1000};
      const timespec both[2] = {at, at};
      if (::futimens(fd_, both) != 0) return failed(path_);
    }
    if (::fsync(fd_) != 0 || ::close(std::exchange(fd_, -1)) != 0) return failed(path_);
    if (::rename(path_.c_str(), path.c_str()) != 0) return failed(path);
    path_.clear();
    return {};
  }

  void discard() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    if (!path_.empty()) ::unlink(path_.c_str());
    path_.clear();
  }

 private:
  int fd_ = -1;
  fs::path path_;
};

// Many files: the folder is synced once, at the end.
class Files : public ExportTarget {
 public:
  Result<void> write(std::string_view octets) override { return file_.write(octets); }
  void abandon() override { file_.discard(); }

 protected:
  NewFile file_;
  store::Instant received_;
  fs::path name_;
};

class EmlFiles final : public Files {
 public:
  EmlFiles(fs::path folder, fs::path only) : folder_(std::move(folder)), only_(std::move(only)) {}

  Result<void> begin(const ExportItem& item) override {
    name_ = only_.empty() ? folder_ / (item.name + ".eml") : only_;
    received_ = item.received;
    return file_.create(name_.string() + ".part");
  }
  Result<void> end() override { return file_.name(name_, received_); }
  Result<void> finish() override { return sync_folder(folder_); }

 private:
  const fs::path folder_, only_;
};

class Maildir final : public Files {
 public:
  explicit Maildir(fs::path folder) : folder_(std::move(folder)) {}

  Result<void> make() {
    for (const char* part : {"tmp", "new", "cur"})
      if (auto made = make_folder(folder_ / part); !made) return made;
    return {};
  }

  // The same name each time: what is exported twice is there once.
  Result<void> begin(const ExportItem& item) override {
    name_ = std::to_string(item.received.unix_us / 1'000'000) + "." + item.name +
            ".guichet,S=" + std::to_string(item.octets);
    received_ = item.received;
    return file_.create(folder_ / "tmp" / name_);
  }
  Result<void> end() override { return file_.name(folder_ / "new" / name_, received_); }
  Result<void> finish() override { return sync_folder(folder_ / "new"); }

 private:
  const fs::path folder_;
};

class Mbox final : public ExportTarget {
 public:
  explicit Mbox(fs::path path)
      : path_(std::move(path)), writer_([this](std::string_view octets) { put(octets); }) {}

  Result<void> make() {
    std::error_code error;
    if (fs::exists(path_, error))
      return store::fail(ErrorKind::io, path_.string() + " is there already: name a new file");
    return file_.create(path_.string() + ".part");
  }

  Result<void> begin(const ExportItem& item) override {
    writer_.begin(from_line(item.sender, item.received));
    return written_;
  }
  Result<void> write(std::string_view octets) override {
    writer_.feed(octets);
    return written_;
  }
  Result<void> end() override {
    ends_added_ += writer_.end() ? 1 : 0;
    return written_;
  }
  void abandon() override { file_.discard(); }
  Result<void> finish() override {
    if (auto flushed = flush(); !flushed) return flushed;
    if (auto named = file_.name(path_, std::nullopt); !named) return named;
    return sync_folder(path_.parent_path());
  }
  std::uint64_t ends_added() const override { return ends_added_; }

 private:
  static constexpr std::size_t gathered_octets = 1 << 20;

  void put(std::string_view octets) {
    gathered_.append(octets);
    if (gathered_.size() >= gathered_octets && written_) written_ = flush();
  }
  Result<void> flush() {
    auto done = written_ ? file_.write(gathered_) : written_;
    gathered_.clear();
    return done;
  }

  const fs::path path_;
  NewFile file_;
  MboxWriter writer_;
  std::string gathered_;
  Result<void> written_;
  std::uint64_t ends_added_ = 0;
};

template <class Target>
Result<std::unique_ptr<ExportTarget>> made(std::unique_ptr<Target> target) {
  if (auto done = target->make(); !done) return tl::unexpected(done.error());
  return target;
}

}  // namespace

Result<std::unique_ptr<ExportTarget>> ExportTarget::open(const std::string& format, const fs::path& to,
                                                         bool single) {
  if (format == "mbox") return made(std::make_unique<Mbox>(to));
  if (format == "maildir") return made(std::make_unique<Maildir>(to));
  if (format != "eml") return store::fail(ErrorKind::absent, "--format is eml, maildir or mbox");
  std::error_code error;
  if (single && !fs::is_directory(to, error)) {
    if (fs::exists(to, error))
      return store::fail(ErrorKind::io, to.string() + " is there already: name a new file");
    return std::make_unique<EmlFiles>(to.parent_path(), to);
  }
  if (auto folder = make_folder(to); !folder) return tl::unexpected(folder.error());
  return std::make_unique<EmlFiles>(to, fs::path());
}

}  // namespace guichet::cli
