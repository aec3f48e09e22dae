// Reading the volumes: records by place, bodies by range. Thread-safe; read-only; needs no writer, so the
// command line uses it beside a running gateway.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/index.h"
#include "store/types.h"
#include "store/warc.h"

namespace guichet::store {

[[nodiscard]] std::filesystem::path volume_file(const std::filesystem::path& store, std::uint32_t number);
[[nodiscard]] std::filesystem::path index_file(const std::filesystem::path& store);

struct VolumeName {
  std::uint32_t number = 0;
  std::filesystem::path path;
};

class Archive {
 public:
  Archive(Disk& disk, std::filesystem::path store) : disk_(disk), store_(std::move(store)) {}

  // The store's own, by number. Files in the folder that are no volumes of any lineage are put into
  // `foreign`, if given.
  [[nodiscard]] Result<std::vector<VolumeName>> volumes(std::vector<std::string>* foreign = nullptr) const;
  // Those of other lineages (store/lineage.h), by number; all of them are sealed.
  [[nodiscard]] Result<std::vector<VolumeName>> merged_volumes() const;
  // History first: what a fact refers to comes before it.
  [[nodiscard]] Result<std::vector<VolumeName>> all_volumes() const;

  [[nodiscard]] Result<std::shared_ptr<File>> open(std::uint32_t volume) const;

  // The fact at a place, its block checked against its digest.
  [[nodiscard]] Result<Fact> fact(Place place) const;

  // Octets of a body; fewer only past its end, which is an error of the caller.
  [[nodiscard]] Result<void> read(const BodyPlace& body, std::uint64_t from, std::span<char> into) const;

  // A body whole, in pieces. Ends early, without an error, when `sink` returns false.
  using OctetSink = std::function<bool(std::string_view octets)>;
  [[nodiscard]] Result<void> read(const BodyPlace& body, const OctetSink& sink) const;

  // Reads a body whole, and compares its digest.
  [[nodiscard]] Result<void> check(const BodyPlace& body, const Digest& digest) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return store_; }
  [[nodiscard]] Disk& disk() const { return disk_; }

 private:
  [[nodiscard]] Result<std::vector<VolumeName>> list(std::vector<std::string>* foreign) const;

  // A store of decades has thousands of volumes: the least recently used handle goes first.
  static constexpr std::size_t open_max = 64;

  Disk& disk_;
  std::filesystem::path store_;
  mutable std::mutex mutex_;
  mutable std::list<std::pair<std::uint32_t, std::shared_ptr<File>>> open_;
};

}  // namespace guichet::store
