// `guichet hold` and `guichet release`: nothing of a held message is erased, by hand or by age.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

[[nodiscard]] int hold(const conf::Settings& settings, const std::vector<std::string>& ids,
                       const std::string& reason);
[[nodiscard]] int release(const conf::Settings& settings, const std::vector<std::string>& ids,
                          const std::string& reason);

}  // namespace guichet::cli
