// `guichet show ID`: one message, everything but its octets.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct ShowOptions {
  std::string id;
  bool json = false;
};

int show(const conf::Settings& settings, const ShowOptions& options);

}  // namespace guichet::cli
