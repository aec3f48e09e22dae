// `guichet index rebuild`: the index again, from the volumes alone.
#pragma once

#include "conf/settings.h"

namespace guichet::cli {

int index_rebuild(const conf::Settings& settings);

}  // namespace guichet::cli
