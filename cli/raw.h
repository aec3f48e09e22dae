// `guichet raw ID`: the exact octets of one message, as received, to standard output.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

int raw(const conf::Settings& settings, const std::string& id);

}  // namespace guichet::cli
