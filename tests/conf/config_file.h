// A configuration file in a folder of its own, and what reading it gives.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "conf/reader.h"

namespace guichet::conf {

// One site and one maildrop, as few keys as there can be: valid after any other valid text.
constexpr std::string_view minimal =
    "[[site]]\n"
    "domain = \"example.test\"\n"
    "maildrop = \"foi\"\n"
    "[[maildrop]]\n"
    "name = \"foi\"\n"
    "password_file = \"password\"\n";

class ConfigFile {
 public:
  // The text as it stands; with_minimal() puts the minimal text after it.
  explicit ConfigFile(std::string_view text);
  ~ConfigFile();
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "guichet.toml"; }

 private:
  std::filesystem::path folder_;
};

[[nodiscard]] std::string with_minimal(std::string_view text);

// Fails the test when there is a mistake.
[[nodiscard]] Settings settings_of(std::string_view text, const std::vector<std::string>& overrides = {});

// The mistakes, each on a line, with FILE for the path of the file; "" when there is none.
[[nodiscard]] std::string mistakes_of(std::string_view text, const std::vector<std::string>& overrides = {});

}  // namespace guichet::conf
