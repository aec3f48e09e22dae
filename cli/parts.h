// `guichet parts`: what a message is made of, and one part of it, decoded. The message is read by a worker
// without rights (filters/worker.h), like every message of a stranger.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct PartsOptions {
  std::string id;
  std::string extract;  // the number of a part: its octets go to standard output
  bool json = false;
};

int parts(const conf::Settings& settings, const PartsOptions& options);

}  // namespace guichet::cli
