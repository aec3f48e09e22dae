// `guichet recipient ADDRESS`: what RCPT would be answered, and why. Reads the configuration and the files
// that it names, so a gateway may run or not; what a running one limits per client is not known here.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct RecipientOptions {
  std::string address;
  bool json = false;
};

[[nodiscard]] int recipient(const conf::Settings& settings, const RecipientOptions& options);

}  // namespace guichet::cli
