// A password from standard input, as the person in front of it or a script gives it.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace guichet::cli {

// Asked for twice, without echo, where standard input is a terminal; otherwise its first line. The error is
// one line. A signal while the echo is off takes effect once it is on again.
[[nodiscard]] tl::expected<std::string, std::string> ask_password();

// 160 bits, in letters and digits that no configuration file wants quoted.
[[nodiscard]] std::string generate_password();

}  // namespace guichet::cli
