// Where a restore comes from: a restic repository, or a folder that is a plain copy of a store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/types.h"

namespace guichet::cli {

struct RestorePoint {
  std::string id;
  store::Instant at;  // when it was begun: what it holds was staged a moment before
  std::string name;   // for people: "snapshot 1a2b3c4d of 2026-11-23T01:02:03Z"
};

class Repository {
 public:
  virtual ~Repository() = default;

  // Oldest first.
  [[nodiscard]] virtual store::Result<std::vector<RestorePoint>> snapshots() = 0;
  // About as many as fetch() will write.
  [[nodiscard]] virtual store::Result<std::uint64_t> octets(const RestorePoint& snapshot) = 0;

  struct Fetched {
    std::filesystem::path folder;  // laid out like a store
    bool is_ours = false;          // it was made for us, and may be taken apart
  };
  // Into `scratch`, which is made, or left alone when nothing has to be fetched.
  [[nodiscard]] virtual store::Result<Fetched> fetch(const RestorePoint& snapshot,
                                                     const std::filesystem::path& scratch) = 0;
  // The same, of these files and folders alone (names relative to the store); what there is not is left out.
  [[nodiscard]] virtual store::Result<Fetched> fetch_only(const RestorePoint& point,
                                                          const std::vector<std::string>& names,
                                                          const std::filesystem::path& scratch) = 0;
  // One small file of the newest snapshot; nullopt: it holds none of that name.
  [[nodiscard]] virtual store::Result<std::optional<std::string>> newest_copy(const std::string& name) = 0;
};

// `from`: a folder that holds `format`, or what restic takes for a repository. `envdir`: a folder of files,
// each named like a variable and holding its value in its first line, for restic; may be empty.
// `cacert_file`: what the repository's certificate is checked with; may be empty.
[[nodiscard]] store::Result<std::unique_ptr<Repository>> open_repository(
    const std::string& from, const std::filesystem::path& envdir,
    const std::filesystem::path& cacert_file = {}, const std::stop_token& stop = {});

// The one to restore from: the earliest that surely holds all that there was at `at`, or the newest.
[[nodiscard]] const RestorePoint& snapshot_for(const std::vector<RestorePoint>& snapshots,
                                               std::optional<store::Instant> at);

}  // namespace guichet::cli
