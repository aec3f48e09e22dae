// `guichet repair`: what of the damage can be had back, and from where; with another copy it is done.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct RepairOptions {
  std::string
      restore_from;  // a folder with a copy of the store, or a repository; empty: only say what there is
};

// 0: nothing is damaged, or not any more; 1: there is damage, or it could not be repaired.
int repair(const conf::Settings& settings, const RepairOptions& options);

}  // namespace guichet::cli
