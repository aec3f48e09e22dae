#include "store/volume_source.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "store/archive.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t copy_octets = 1 << 20;
constexpr std::size_t digits = 12;

struct Segment {
  std::uint64_t begin = 0, end = 0;
  std::string name;
};

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != digits) return std::nullopt;
  return number;
}

// "000000000000-000000524288" holds the octets from the first number up to the second.
std::optional<Segment> segment_of(const std::string& name) {
  const auto dash = name.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto begin = read_number(std::string_view(name).substr(0, dash));
  const auto end = read_number(std::string_view(name).substr(dash + 1));
  if (!begin || !end || *end <= *begin) return std::nullopt;
  return Segment{*begin, *end, name};
}

class FolderSource final : public VolumeSource {
 public:
  FolderSource(Disk& disk, fs::path store) : disk_(disk), store_(std::move(store)) {}

  Result<fs::path> fetch(std::uint32_t volume, const fs::path& into_folder) override {
    const auto whole = disk_.open_read(volume_file(store_, volume));
    if (!whole && whole.error().kind != ErrorKind::absent) return tl::unexpected(whole.error());
    const auto path = into_folder / volume_file("", volume).filename();
    auto into = disk_.create(path);
    if (!into) return tl::unexpected(into.error());
    auto copied = whole ? copy_whole(**whole, **into) : copy_segments(volume, **into);
    if (!copied) return tl::unexpected(copied.error());
    return path;
  }

  std::string name() const override { return store_.string(); }

 private:
  static Result<void> copy_whole(const File& from, File& into) {
    const auto size = from.size();
    if (!size) return tl::unexpected(size.error());
    std::uint64_t at = 0;
    return append_octets(from, 0, *size, into, at);
  }

  // In order, each from where the one before it ended: after segments were joined, those they were joined
  // from may still be there.
  Result<void> copy_segments(std::uint32_t volume, File& into) {
    const auto folder = store_ / "backup" / "active" / volume_file("", volume).stem();
    const auto names = disk_.list(folder);
    std::uint64_t at = 0;
    if (names)
      for (const auto& name : *names)
        if (const auto segment = segment_of(name); segment && segment->begin <= at && segment->end > at)
          if (auto copied = copy_segment(folder, *segment, into, at); !copied) return copied;
    if (at > 0) return {};
    return fail(ErrorKind::absent,
                store_.string() + " has neither " + where(volume) + " nor the beginning of it");
  }

  static std::string where(std::uint32_t volume) { return volume_file("volumes", volume).string(); }

  Result<void> copy_segment(const fs::path& folder, const Segment& segment, File& into, std::uint64_t& at) {
    const auto file = disk_.open_read(folder / segment.name);
    if (!file) return tl::unexpected(file.error());
    return append_octets(**file, at - segment.begin, segment.end - segment.begin, into, at);
  }

  Disk& disk_;
  const fs::path store_;
};

}  // namespace

Result<void> append_octets(const File& from, std::uint64_t begin, std::uint64_t end, File& to,
                           std::uint64_t& at) {
  std::string piece(copy_octets, '\0');
  while (begin < end) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(copy_octets, end - begin));
    const auto got = from.read_at(std::span(piece).first(count), begin);
    if (!got) return tl::unexpected(got.error());
    if (*got != count) return fail(ErrorKind::damaged, "a file ends before it should while it is copied");
    const iovec octets{piece.data(), count};
    if (auto wrote = to.write_at({&octets, 1}, at); !wrote) return wrote;
    begin += count;
    at += count;
  }
  return {};
}

std::unique_ptr<VolumeSource> folder_source(Disk& disk, fs::path store) {
  return std::make_unique<FolderSource>(disk, std::move(store));
}

}  // namespace guichet::store
