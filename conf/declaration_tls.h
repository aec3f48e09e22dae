// The part of the declaration that is about TLS, for mail coming in and going out alike.
#pragma once

#include "conf/option.h"

namespace guichet::conf {

[[nodiscard]] Section tls_section();
[[nodiscard]] Section certificate_section();

}  // namespace guichet::conf
