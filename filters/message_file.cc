#include "filters/message_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace guichet::filters {
namespace {

tl::unexpected<std::string> failed(const std::string& what, int code) {
  return tl::unexpected(what + ": " + std::generic_category().message(code));
}

tl::expected<void, std::string> write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const auto written = ::write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("writing a message for the filters", errno);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Where the file system has no files without a name, the name goes at once.
Descriptor nameless_file(const std::filesystem::path& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = folder / "message-XXXXXX";
  file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

}  // namespace

tl::expected<void, std::string> MessageFileWriter::append(std::string_view octets) {
  if (auto room = make_room(size_octets_ + octets.size()); !room) return room;
  size_octets_ += octets.size();
  return write_all(file_.get(), octets);
}

tl::expected<void, std::string> MessageFileWriter::make_room(std::uint64_t size_octets) {
  if (!on_disk_ && size_octets > options_.memory_octets_max) return move_to_disk();
  if (file_) return {};
  file_ = Descriptor(::memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file_) return failed("a message in memory for the filters", errno);
  return {};
}

tl::expected<void, std::string> MessageFileWriter::move_to_disk() {
  auto file = nameless_file(options_.folder);
  if (!file) return failed("a file for the filters in " + options_.folder.string(), errno);
  off_t from = 0;
  while (static_cast<std::uint64_t>(from) < size_octets_) {
    const auto left = static_cast<std::size_t>(size_octets_) - static_cast<std::size_t>(from);
    const auto moved = ::sendfile(file.get(), file_.get(), &from, left);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return failed("writing a message for the filters", moved < 0 ? errno : EIO);
  }
  file_ = std::move(file);
  on_disk_ = true;
  return {};
}

tl::expected<MessageFile, std::string> MessageFileWriter::finish() {
  if (const auto room = make_room(size_octets_); !room) return tl::unexpected(room.error());
  if (!on_disk_) {
    constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (::fcntl(file_.get(), F_ADD_SEALS, seals) != 0) return failed("sealing a message", errno);
    return MessageFile(std::move(file_), size_octets_);
  }
  // The descriptor that can write is closed: no worker ever sees it.
  const auto own = "/proc/self/fd/" + std::to_string(file_.get());
  Descriptor reader(::open(own.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader) return failed("opening a message for the filters", errno);
  file_.close();
  return MessageFile(std::move(reader), size_octets_);
}

tl::expected<MessageFile, std::string> message_file(std::string_view octets, MessageFileOptions options) {
  MessageFileWriter writer(std::move(options));
  if (const auto appended = writer.append(octets); !appended) return tl::unexpected(appended.error());
  return writer.finish();
}

}  // namespace guichet::filters
