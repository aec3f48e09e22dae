// The part of the declaration that says whose mail comes in here, and how it leaves.
#pragma once

#include "conf/option.h"

namespace guichet::conf {

[[nodiscard]] Section site_section();
[[nodiscard]] Section route_section();
[[nodiscard]] Section maildrop_section();

}  // namespace guichet::conf
