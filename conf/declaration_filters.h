// The options of [filters] and [[rule]].
#pragma once

#include "conf/option.h"

namespace guichet::conf {

[[nodiscard]] Section filters_section();
[[nodiscard]] Section rule_section();

}  // namespace guichet::conf
