#include "cli/config.h"

#include <iostream>

#include "cli/plain_text.h"
#include "conf/reader.h"

namespace guichet::cli {

int config_sample() {
  std::cout << conf::sample();
  return 0;
}

int config_check(const conf::Settings& settings, const std::filesystem::path& file) {
  std::cout << plain(file.string()) << ": no mistake found; " << settings.sites.size() << " sites, "
            << settings.maildrops.size() << " maildrops, store in " << plain(settings.store.path.string())
            << '\n';
  return 0;
}

}  // namespace guichet::cli
