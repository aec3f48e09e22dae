#include "cli/recipients.h"

#include <utility>

#include "cli/first_line.h"

namespace guichet::cli {

tl::expected<std::vector<smtpd::SitePolicy>, std::string> sites_of(const conf::Settings& settings,
                                                                   const RejectLists& reject_lists) {
  std::vector<smtpd::SitePolicy> sites;
  for (const auto& site : settings.sites) {
    smtpd::SitePolicy policy{.domain = site.domain,
                             .prefix = site.prefix,
                             .maildrop = site.maildrop,
                             .secret = {},
                             .strict = site.recipients == conf::RecipientPolicy::strict,
                             .reject_list = reject_lists.of_site(sites.size())};
    if (!site.secret_file.empty()) {
      auto secret = first_line(site.secret_file, "secret");
      if (!secret) return tl::unexpected(secret.error());
      policy.secret = std::move(*secret);
    }
    sites.push_back(std::move(policy));
  }
  return sites;
}

std::vector<smtpd::RoutePolicy> routes_of(const conf::Settings& settings) {
  std::vector<smtpd::RoutePolicy> routes;
  for (const auto& route : settings.routes)
    routes.push_back({route.recipients, route.maildrop});
  return routes;
}

}  // namespace guichet::cli
