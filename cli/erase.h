// `guichet erase`: erases messages for good (store/erasure.h).
#pragma once

#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct EraseOptions {
  std::vector<std::string> ids;
  std::string digest;  // instead of ids: all messages with these octets
  std::string reason;
  bool yes = false, dry_run = false, json = false;
};

// 1 when some message that was named is left as it is.
[[nodiscard]] int erase(const conf::Settings& settings, const EraseOptions& options);

}  // namespace guichet::cli
