// guichet passwd: the hash of a password, for the configuration or for a password_file.
#pragma once

#include <filesystem>

namespace guichet::cli {

struct PasswdOptions {
  bool generate = false;       // instead of asking; it is printed once
  std::filesystem::path file;  // empty: the line for the configuration goes to standard output
};

int passwd(const PasswdOptions& options);

}  // namespace guichet::cli
