// From settings to who is written to here (smtpd/policy.h).
#pragma once

#include <vector>

#include "conf/settings.h"
#include "smtpd/policy.h"

namespace guichet::cli {

[[nodiscard]] inline std::vector<smtpd::RoutePolicy> routes_of(const conf::Settings& settings) {
  std::vector<smtpd::RoutePolicy> routes;
  for (const auto& route : settings.routes)
    routes.push_back({route.recipients, route.maildrop});
  return routes;
}

}  // namespace guichet::cli
