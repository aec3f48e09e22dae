// The part of the declaration that says what is asked of a client before its mail is taken.
#pragma once

#include "conf/option.h"

namespace guichet::conf {

[[nodiscard]] Section resolver_section();
[[nodiscard]] Section front_door_section();
[[nodiscard]] Section front_door_list_section();

}  // namespace guichet::conf
