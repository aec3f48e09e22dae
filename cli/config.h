// `guichet config sample` and `guichet config check`.
#pragma once

#include <filesystem>

#include "conf/settings.h"

namespace guichet::cli {

// The sample file, with every key there is.
int config_sample();

// Called once the file was read without a mistake; says so.
int config_check(const conf::Settings& settings, const std::filesystem::path& file);

}  // namespace guichet::cli
