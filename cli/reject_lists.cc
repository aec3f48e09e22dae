#include "cli/reject_lists.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace guichet::cli {
namespace {

constexpr off_t octets_max = 64 << 20;  // about a million addresses
constexpr std::time_t unsettled_s = 2;  // coarser than any file system stamps its files
constexpr std::chrono::seconds interval{1};

class Descriptor {
 public:
  // Not blocking: a FIFO in the file's place must not hold up whoever looks.
  explicit Descriptor(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

std::string reason() {
  return std::strerror(errno);
}

std::int64_t modified_ns(const struct stat& status) {
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

tl::expected<std::string, std::string> all_of(int fd) {
  std::string text;
  for (;;) {
    const auto before = text.size();
    text.resize(before + (1 << 18));
    const auto got = ::read(fd, text.data() + before, text.size() - before);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return tl::unexpected(reason());
    if (text.size() > static_cast<std::size_t>(octets_max))
      return tl::unexpected(std::string("it grew past 64 MiB"));
  }
}

}  // namespace

void RejectListFile::look(std::time_t now) {
  if (settled_ && trouble_.empty() && stamp() == known_) return;
  auto reading = read();
  if (!reading) return complain_once(reading.error());
  take(std::move(*reading), now);
}

tl::expected<RejectListFile::Stamp, std::string> RejectListFile::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return tl::unexpected(reason());
  return Stamp{status.st_dev, status.st_ino, status.st_size, modified_ns(status)};
}

tl::expected<RejectListFile::Reading, std::string> RejectListFile::read() const {
  const Descriptor file(path_);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return tl::unexpected(reason());
  if (!S_ISREG(status.st_mode)) return tl::unexpected(std::string("it is no regular file"));
  if (status.st_size > octets_max) return tl::unexpected(std::string("it is larger than 64 MiB"));
  auto text = all_of(file.get());
  if (!text) return tl::unexpected(text.error());
  return Reading{{status.st_dev, status.st_ino, status.st_size, modified_ns(status)}, std::move(*text)};
}

// A file that was written a moment ago may be written again without a new stamp: it is read once more.
void RejectListFile::take(Reading reading, std::time_t now) {
  known_ = reading.stamp;
  settled_ = std::abs(known_.modified_ns / 1'000'000'000 - now) >= unsettled_s;
  auto list = std::make_shared<const smtpd::RejectList>(std::move(reading.text));
  const bool mended = !std::exchange(trouble_, {}).empty();
  if (list->same_as(*current_->get()) && !mended) return;
  tell_.news("the reject list " + path_.string() + " has " + std::to_string(list->size()) + " addresses");
  if (list->flaws() > 0)
    tell_.alarm(std::to_string(list->flaws()) + " lines of the reject list " + path_.string() +
                " are not understood and list nobody, the first of them line " +
                std::to_string(list->first_flaw()));
  current_->set(std::move(list));
}

void RejectListFile::complain_once(const std::string& text) {
  if (text == std::exchange(trouble_, text)) return;
  tell_.alarm("the reject list " + path_.string() + " cannot be read: " + text +
              "; the last that could be stays, or none");
}

RejectLists::RejectLists(const std::vector<conf::Site>& sites, const RejectListFile::Tell& tell) {
  for (const auto& site : sites)
    files_.push_back(site.reject_list.empty() ? nullptr
                                              : std::make_unique<RejectListFile>(site.reject_list, tell));
  look();
}

void RejectLists::watch() {
  if (std::ranges::all_of(files_, [](const auto& file) { return file == nullptr; })) return;
  duty_ =
      std::make_unique<Duty>(Duty::Options{.name = "reject-list", .first = interval, .interval = interval},
                             [this](const std::stop_token&) { look(); });
}

std::shared_ptr<const smtpd::CurrentRejectList> RejectLists::of_site(std::size_t index) const {
  return files_.at(index) ? files_.at(index)->current() : nullptr;
}

void RejectLists::look() {
  for (const auto& file : files_)
    if (file) file->look(std::time(nullptr));
}

}  // namespace guichet::cli
