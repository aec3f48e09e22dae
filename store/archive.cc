#include "store/archive.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "store/hash.h"
#include "store/lineage.h"

namespace guichet::store {
namespace {

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::uint64_t fact_octets_max = 64ull << 20;

// "00000042.warc" is volume 42.
std::optional<std::uint32_t> volume_number(std::string_view name) {
  constexpr std::string_view ending = ".warc";
  if (!name.ends_with(ending)) return std::nullopt;
  name.remove_suffix(ending.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || name.size() != 8) return std::nullopt;
  if (number_in_lineage(number) == 0) return std::nullopt;
  return number;
}

std::string describe(std::uint32_t volume, std::uint64_t offset) {
  return "volume " + std::to_string(volume) + " at " + std::to_string(offset);
}

}  // namespace

std::filesystem::path volume_file(const std::filesystem::path& store, std::uint32_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%08u.warc", number);
  return store / "volumes" / name;
}

std::filesystem::path index_file(const std::filesystem::path& store) {
  return store / "index" / "index.sqlite";
}

Result<std::vector<VolumeName>> Archive::volumes(std::vector<std::string>* foreign) const {
  auto found = list(foreign);
  if (found) std::erase_if(*found, [](const VolumeName& volume) { return !is_own(volume.number); });
  return found;
}

Result<std::vector<VolumeName>> Archive::merged_volumes() const {
  auto found = list(nullptr);
  if (found) std::erase_if(*found, [](const VolumeName& volume) { return is_own(volume.number); });
  return found;
}

Result<std::vector<VolumeName>> Archive::all_volumes() const {
  auto found = list(nullptr);
  if (!found) return found;
  std::stable_partition(found->begin(), found->end(),
                        [](const VolumeName& volume) { return !is_own(volume.number); });
  return found;
}

Result<std::vector<VolumeName>> Archive::list(std::vector<std::string>* foreign) const {
  auto names = disk_.list(store_ / "volumes");
  // Power may go between the folder's first file and its folders; what was there once is missed by the index.
  if (!names && names.error().kind == ErrorKind::absent) names = std::vector<std::string>();
  if (!names) return tl::unexpected(names.error());
  std::vector<VolumeName> found;
  for (const auto& name : *names) {
    if (const auto number = volume_number(name)) {
      found.push_back({*number, store_ / "volumes" / name});
    } else if (foreign && !name.ends_with(".torn")) {
      foreign->push_back(name);
    }
  }
  return found;
}

Result<std::shared_ptr<File>> Archive::open(std::uint32_t volume) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(open_.begin(), open_.end(), [volume](const auto& e) { return e.first == volume; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().second;
  }
  auto file = disk_.open_read(volume_file(store_, volume));
  if (!file) return tl::unexpected(file.error());
  open_.emplace_front(volume, std::move(*file));
  if (open_.size() > open_max) open_.pop_back();
  return open_.front().second;
}

Result<Fact> Archive::fact(Place place) const {
  auto file = open(place.volume);
  if (!file) return tl::unexpected(file.error());
  std::string octets(header_octets_max, '\0');
  auto got = (*file)->read_at(octets, place.offset);
  if (!got) return tl::unexpected(got.error());
  octets.resize(*got);
  const auto decoded = decode_header(octets, Digest{});
  if (!decoded)
    return fail(ErrorKind::damaged, describe(place.volume, place.offset) + ": " + decoded.error().text);
  if (decoded->header.content_length > fact_octets_max)
    return fail(ErrorKind::damaged, describe(place.volume, place.offset) + ": a fact of an absurd length");
  std::string block(static_cast<std::size_t>(decoded->header.content_length), '\0');
  got = (*file)->read_at(block, place.offset + decoded->octets);
  if (!got) return tl::unexpected(got.error());
  if (*got != block.size() || sha256(block) != decoded->header.block_digest)
    return fail(ErrorKind::damaged,
                describe(place.volume, place.offset) + ": the block differs from its digest");
  return decode_fact(block);
}

Result<void> Archive::read(const BodyPlace& body, std::uint64_t from, std::span<char> into) const {
  auto file = open(body.volume);
  if (!file) return tl::unexpected(file.error());
  const auto got = (*file)->read_at(into, body.offset + from);
  if (!got) return tl::unexpected(got.error());
  if (*got != into.size())
    return fail(ErrorKind::damaged, describe(body.volume, body.offset) + ": the volume ends inside a body");
  return {};
}

Result<void> Archive::read(const BodyPlace& body, const OctetSink& sink) const {
  std::string piece;
  for (std::uint64_t at = 0; at < body.size_octets; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, body.size_octets - at)));
    if (auto got = read(body, at, piece); !got) return got;
    if (!sink(piece)) return {};
  }
  return {};
}

Result<void> Archive::check(const BodyPlace& body, const Digest& digest) const {
  Sha256 hash;
  if (auto got = read(body, [&](std::string_view piece) { return hash.update(piece), true; }); !got)
    return got;
  if (hash.finish() != digest)
    return fail(ErrorKind::damaged,
                describe(body.volume, body.offset) + ": the body differs from its digest");
  return {};
}

}  // namespace guichet::store
