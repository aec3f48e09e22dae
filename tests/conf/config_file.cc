#include "tests/conf/config_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace guichet::conf {
namespace {

std::filesystem::path make_folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "guichet-conf-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

ConfigFile::ConfigFile(std::string_view text) : folder_(make_folder()) {
  std::ofstream(path(), std::ios::binary) << text;
}

ConfigFile::~ConfigFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string with_minimal(std::string_view text) {
  return std::string(text).append(minimal);
}

Settings settings_of(std::string_view text, const std::vector<std::string>& overrides) {
  const ConfigFile file(text);
  auto settings = read_settings(file.path(), overrides);
  if (settings) return *settings;
  for (const Mistake& mistake : settings.error())
    ADD_FAILURE() << mistake.text;
  return {};
}

std::string mistakes_of(std::string_view text, const std::vector<std::string>& overrides) {
  const ConfigFile file(text);
  const auto settings = read_settings(file.path(), overrides);
  if (settings) return "";
  std::string lines;
  for (const Mistake& mistake : settings.error()) {
    lines += replaced(mistake.text, file.path().string(), "FILE") + "\n";
  }
  return lines;
}

}  // namespace guichet::conf
