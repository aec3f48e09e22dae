// `guichet config sample`, `config explain` and `config check`.
#pragma once

#include <filesystem>
#include <string>

#include "conf/settings.h"

namespace guichet::cli {

// The sample file, with every key there is.
int config_sample();

// What there is to know of one key. Exit 2, with the nearest one there is, when it is none.
int config_explain(const std::string& key);

// The file when no -c is given.
[[nodiscard]] std::string default_config_file();

// Called once the file was read without a mistake; says so.
int config_check(const conf::Settings& settings, const std::filesystem::path& file);

}  // namespace guichet::cli
