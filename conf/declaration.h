// The one declaration of every option. Its defaults are the initialisers in conf/settings.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/option.h"

namespace guichet::conf {

// In the order of the sample file. Built once; lives as long as the program.
[[nodiscard]] const std::vector<Section>& declaration();

// Null when there is none of that name.
[[nodiscard]] const Section* find_section(std::string_view name);
[[nodiscard]] const Option* find_option(const Section& section, std::string_view key);

// "section.key" of all of them, in their order.
[[nodiscard]] std::vector<std::string> known_keys();

}  // namespace guichet::conf
