// `guichet reconcile FILE`: what was handed over, against what Alaveteli says it holds (docs/reconcile.md).
#pragma once

#include <filesystem>
#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct ReconcileOptions {
  std::filesystem::path file;
  std::string since, until, reason;
  bool requeue = false, confirm = false;
  bool checksums = false;  // a line is a Message-ID and a checksum, and both are compared
  bool unknown = false;    // name what is in the list only
};

// Exit 0: all that was handed over in the period is in the list. 1: some is missing, differs, or cannot be
// read.
[[nodiscard]] int reconcile(const conf::Settings& settings, const ReconcileOptions& options);

}  // namespace guichet::cli
