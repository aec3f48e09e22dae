// `guichet list`: the messages, newest first.
#pragma once

#include <cstdint>
#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct ListOptions {
  bool json = false;
  std::uint64_t limit = 0;                             // 0: all
  std::string since, until, sender, recipient, state;  // "": all (cli/wanted.h)
};

int list(const conf::Settings& settings, const ListOptions& options);

}  // namespace guichet::cli
