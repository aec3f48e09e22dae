// The section [refusals].
#pragma once

#include "conf/option.h"

namespace guichet::conf {

[[nodiscard]] Section refusals_section();

}  // namespace guichet::conf
