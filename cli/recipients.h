// From settings to who is written to here (smtpd/policy.h).
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/reject_lists.h"
#include "conf/settings.h"
#include "smtpd/policy.h"

namespace guichet::cli {

// With their secrets; the error is one line for the operator.
[[nodiscard]] tl::expected<std::vector<smtpd::SitePolicy>, std::string> sites_of(
    const conf::Settings& settings, const RejectLists& reject_lists);

[[nodiscard]] std::vector<smtpd::RoutePolicy> routes_of(const conf::Settings& settings);

}  // namespace guichet::cli
