// `guichet run`: the gateway itself.
#pragma once

#include <filesystem>

#include "conf/settings.h"

namespace guichet::cli {

// Serves until it is told to stop; returns the exit code. `config_file` is what SIGHUP reads again.
int run_gateway(const conf::Settings& settings, const std::filesystem::path& config_file);

}  // namespace guichet::cli
