// `guichet export`: messages as files, as received or as handed out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct ExportOptions {
  std::vector<std::string> ids;  // or, instead of them, all that fit the others
  bool all = false;
  std::string since, until, maildrop;
  std::filesystem::path to;
  std::string format;
  bool served = false;
};

[[nodiscard]] int export_messages(const conf::Settings& settings, const ExportOptions& options);

}  // namespace guichet::cli
