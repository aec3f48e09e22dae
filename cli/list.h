// `guichet list`: the messages, newest first.
#pragma once

#include <cstdint>

#include "conf/settings.h"

namespace guichet::cli {

struct ListOptions {
  bool json = false;
  std::uint64_t limit = 0;  // 0: all
};

int list(const conf::Settings& settings, const ListOptions& options);

}  // namespace guichet::cli
