// `guichet adopt`: a detached copy becomes the real thing.
#pragma once

#include "conf/settings.h"

namespace guichet::cli {

// Asks on the terminal first, unless `yes`.
int adopt(const conf::Settings& settings, bool yes);

}  // namespace guichet::cli
