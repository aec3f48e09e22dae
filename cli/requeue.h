// `guichet requeue`: offers again what was handed over.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct RequeueOptions {
  std::vector<std::string> ids;
  std::string since;     // instead of ids: all that was handed over since then
  std::string maildrop;  // "": of all maildrops
  std::string reason;
  bool yes = false;
};

[[nodiscard]] int requeue(const conf::Settings& settings, const RequeueOptions& options);

}  // namespace guichet::cli
