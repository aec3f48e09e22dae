#include "store/staged.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digits = 12;

template <class Number>
std::optional<Number> number_of(std::string_view text, std::size_t size) {
  Number number{};
  if (text.size() != size) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<StagedSegment> segment_of(const fs::path& folder, const std::string& name) {
  if (name.size() != 2 * digits + 1 || name[digits] != '-') return std::nullopt;
  const auto begin = number_of<std::uint64_t>(std::string_view(name).substr(0, digits), digits);
  const auto end = number_of<std::uint64_t>(std::string_view(name).substr(digits + 1), digits);
  if (!begin || !end || *end <= *begin) return std::nullopt;
  return StagedSegment{.path = folder / name, .begin = *begin, .end = *end, .from = *begin};
}

// A file that is shorter than its name says holds what it holds.
Result<void> measure(Disk& disk, StagedSegment& segment, StagedVolume& volume) {
  const auto size = disk.open_read(segment.path).and_then([](const auto& file) { return file->size(); });
  if (!size) return tl::unexpected(size.error());
  if (*size >= segment.end - segment.begin) return {};
  volume.flaws.push_back("the staged segment " + segment.path.filename().string() + " has only " +
                         std::to_string(*size) + " octets");
  segment.end = segment.begin + *size;
  return {};
}

// At each place the segment that leads farthest.
void line_up(std::vector<StagedSegment> all, StagedVolume& volume) {
  std::uint64_t at = 0;
  for (;;) {
    const StagedSegment* best = nullptr;
    for (const auto& segment : all)
      if (segment.begin <= at && segment.end > at && (!best || segment.end > best->end)) best = &segment;
    if (!best) break;
    volume.segments.push_back(*best);
    volume.segments.back().from = at;
    at = best->end;
  }
  for (const auto& segment : all)
    if (segment.begin > at)
      return volume.flaws.push_back("the staged part ends at " + std::to_string(at) +
                                    ", and goes on only at " + std::to_string(segment.begin));
}

Result<StagedVolume> read_volume(Disk& disk, const fs::path& folder, std::uint32_t number) {
  StagedVolume volume{.number = number, .segments = {}, .flaws = {}};
  const auto names = disk.list(folder);
  if (!names) return tl::unexpected(names.error());
  std::vector<StagedSegment> all;
  for (const auto& name : *names)
    if (auto segment = segment_of(folder, name)) all.push_back(std::move(*segment));
  for (auto& segment : all)
    if (auto measured = measure(disk, segment, volume); !measured) return tl::unexpected(measured.error());
  line_up(std::move(all), volume);
  return volume;
}

}  // namespace

Result<std::vector<StagedVolume>> staged_volumes(Disk& disk, const fs::path& folder) {
  const auto active = folder / "backup" / "active";
  const auto names = disk.list(active);
  if (!names && names.error().kind == ErrorKind::absent) return std::vector<StagedVolume>();
  if (!names) return tl::unexpected(names.error());
  std::vector<StagedVolume> volumes;
  for (const auto& name : *names) {
    const auto number = number_of<std::uint32_t>(name, 8);
    if (!number) continue;
    auto volume = read_volume(disk, active / name, *number);
    if (!volume) return tl::unexpected(volume.error());
    if (!volume->segments.empty() || !volume->flaws.empty()) volumes.push_back(std::move(*volume));
  }
  return volumes;
}

}  // namespace guichet::store
