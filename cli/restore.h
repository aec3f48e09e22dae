// `guichet restore`: a store again, from a repository or another copy; `--merge`: its history into a store
// that may be receiving.
#pragma once

#include <filesystem>
#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct RestoreRequest {
  std::string from;  // a repository as restic names it, or a folder that is a copy of a store
  std::filesystem::path envdir;
  std::string at;  // empty: as of the newest snapshot
  bool detached = false;
  bool offer_again = false;  // what was handed over waits once more
  bool with_damage = false;  // use what there is although verify found damage
  std::filesystem::path folder;
};

// Needs no configuration. 0: verified; 1: not, or damaged; 2: `at` is no time.
int restore(const RestoreRequest& request);

// Into the configured store; `folder` is not used.
int restore_merge(const conf::Settings& settings, const RestoreRequest& request);

}  // namespace guichet::cli
