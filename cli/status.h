// `guichet status`: one page that says how things stand and what needs doing.
#pragma once

#include "conf/settings.h"

namespace guichet::cli {

struct StatusOptions {
  bool json = false;
};

// 1 when something needs doing: each such thing is a line that begins with "!" ("problems" in the JSON).
[[nodiscard]] int status(const conf::Settings& settings, const StatusOptions& options);

}  // namespace guichet::cli
