// `guichet verify`: every octet of the store is read and checked.
#pragma once

#include "conf/settings.h"

namespace guichet::cli {

struct VerifyOptions {
  bool json = false;
};

// 0 without damage, whatever the notes; 1 with.
int verify(const conf::Settings& settings, const VerifyOptions& options);

}  // namespace guichet::cli
