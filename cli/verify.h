// `guichet verify`: every octet of the store is read and checked, or of what was not verified yet.
#pragma once

#include "conf/settings.h"

namespace guichet::cli {

struct VerifyOptions {
  bool json = false;
  bool incremental = false;  // only what has not been verified since it was written
  bool resume = false;       // go on with a run over everything that was interrupted
  bool last = false;         // read nothing: what is known from earlier
  std::uint64_t rate_mib_per_s = 0;
};

// 0 without damage, whatever the notes; 1 with.
int verify(const conf::Settings& settings, const VerifyOptions& options);

}  // namespace guichet::cli
