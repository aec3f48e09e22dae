// `guichet manual`: guichet(1), for man(7). Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/command_pages.h"

namespace guichet::cli {

[[nodiscard]] std::string manual(const std::vector<CommandPage>& pages, const std::string& version);

}  // namespace guichet::cli
