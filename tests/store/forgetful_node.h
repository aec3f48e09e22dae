// A file or folder of the forgetful disk: what is cached, what is durable, and what lies between.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/store/forgetful_disk.h"

namespace guichet::store {

inline constexpr std::uint64_t sector_octets = 512;

using Random = std::mt19937_64;

inline bool toss(Random& random) {
  return (random() & 1) != 0;
}

// A change to a file's octets that no sync has followed yet.
struct Change {
  std::uint64_t offset = 0;
  std::string octets;                // written there, or
  std::optional<std::uint64_t> cut;  // the file was made to end here
  [[nodiscard]] std::uint64_t size_after(std::uint64_t before) const {
    return cut ? *cut : std::max(before, offset + octets.size());
  }
};

// `skip(sector)` says which sectors of a write did not arrive.
template <class Skip>
void apply_change(std::string& content, const Change& change, const Skip& skip) {
  if (change.cut) return content.resize(static_cast<std::size_t>(*change.cut), '\0');
  const auto end = change.offset + change.octets.size();
  if (content.size() < end) content.resize(static_cast<std::size_t>(end), '\0');
  for (auto at = change.offset; at < end;) {
    const auto sector = at / sector_octets;
    const auto until = std::min(end, (sector + 1) * sector_octets);
    const auto piece =
        std::string_view(change.octets)
            .substr(static_cast<std::size_t>(at - change.offset), static_cast<std::size_t>(until - at));
    if (!skip(sector)) content.replace(static_cast<std::size_t>(at), piece.size(), piece);
    at = until;
  }
}

inline void apply_change(std::string& content, const Change& change) {
  apply_change(content, change, [](std::uint64_t) { return false; });
}

struct Node {
  // A file.
  std::string cached, durable;
  std::vector<Change> pending;
  bool read_only = false, read_only_durable = false;
  std::uint64_t errors = 0;  // failed syncs so far, each told once to each open file

  // A folder.
  bool is_folder = false;
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  Names names, names_durable;
  struct NameChange {
    std::vector<std::pair<std::string, std::shared_ptr<Node>>> set;  // null: removed; a move is two at once
  };
  std::vector<NameChange> names_pending;

  void sync_octets() {
    for (const auto& change : pending)
      apply_change(durable, change);
    pending.clear();
  }
  void set_names(NameChange change) {
    apply_to(names, change);
    names_pending.push_back(std::move(change));
  }
  static void apply_to(Names& names, const NameChange& change) {
    for (const auto& [name, node] : change.set) {
      if (node) names[name] = node;
      if (!node) names.erase(name);
    }
  }
};

using Copies = std::map<const Node*, std::shared_ptr<Node>>;

// What a power cut leaves of it and of all below it; `copies` is empty at first.
[[nodiscard]] std::shared_ptr<Node> after_cut(const Node& node, Random& random, Cut mode, Copies& copies);

// The same nodes once more, with all that is pending.
[[nodiscard]] std::shared_ptr<Node> copy_of(const std::shared_ptr<Node>& node, Copies& copies);

}  // namespace guichet::store
