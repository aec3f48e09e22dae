// From settings to who may log in by POP3 (popd/users.h).
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "conf/settings.h"
#include "popd/users.h"

namespace guichet::cli {

// With their passwords; the error is one line for the operator.
[[nodiscard]] tl::expected<std::vector<popd::User>, std::string> pop3_users(const conf::Settings& settings);

// Then `cat` shows it.
[[nodiscard]] bool has_clear_password(const conf::Maildrop& maildrop);

}  // namespace guichet::cli
