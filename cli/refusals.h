// `guichet refusals`: what was refused, to whom, and what exactly was answered; the newest first. Reads the
// volumes of refusals alone, beside a running gateway or without one.
#pragma once

#include <cstdint>
#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct RefusalsOptions {
  std::string since;      // "": from the beginning
  std::string client;     // an address
  std::string sender;     // a part of it, in any case of letters
  std::string recipient;  // the same
  std::uint64_t limit = 0;
  bool json = false;
};

[[nodiscard]] int refusals(const conf::Settings& settings, const RefusalsOptions& options);

}  // namespace guichet::cli
