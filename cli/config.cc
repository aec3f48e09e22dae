#include "cli/config.h"

#include <iostream>

#include "cli/plain_text.h"
#include "conf/reader.h"

namespace guichet::cli {

int config_sample() {
  std::cout << conf::sample();
  return 0;
}

int config_explain(const std::string& key) {
  const auto text = conf::explanation(key);
  if (!text) return complain("no key \"" + key + "\"; the nearest known one is " + text.error()), bad_usage;
  std::cout << *text;
  return 0;
}

std::string default_config_file() {
  std::error_code error;
  return conf::default_file(std::filesystem::read_symlink("/proc/self/exe", error)).string();
}

int config_check(const conf::Settings& settings, const std::filesystem::path& file) {
  std::cout << plain(file.string()) << ": no mistake found; " << settings.sites.size() << " sites, "
            << settings.maildrops.size() << " maildrops, store in " << plain(settings.store.path.string())
            << '\n';
  return 0;
}

}  // namespace guichet::cli
