#include "smtpd/policy.h"

#include <algorithm>

#include "smtpd/ascii.h"
#include "smtpd/recipient_replies.h"
#include "smtpd/request_address.h"

namespace guichet::smtpd {
namespace {

bool is_postmaster(const Path& path) {
  return ascii_iequals(path.local_part, "postmaster");
}

bool begins_as(const SitePolicy& site, std::string_view address) {
  const auto start = stem(site.prefix);
  return ascii_iequals(address.substr(0, start.size()), start);
}

bool genuine_at(const SitePolicy& site, std::string_view address) {
  return exact_request(address, site.secret).has_value();
}

bool takes(const SitePolicy& site, RecipientClass recipient_class) {
  switch (recipient_class) {
    case RecipientClass::genuine:
    case RecipientClass::local:
      return true;
    case RecipientClass::repairable:
    case RecipientClass::prefix:
      return !site.strict;
    case RecipientClass::listed:
    case RecipientClass::unknown:
      break;
  }
  return false;
}

}  // namespace

// Greedy, from the last * that was met: linear in what strangers choose, times the pattern's own stars.
bool fits(std::string_view pattern, std::string_view address) {
  std::size_t p = 0, a = 0, star = std::string_view::npos, resume = 0;
  while (a < address.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = a;
    } else if (p < pattern.size() && ascii_iequals(pattern.substr(p, 1), address.substr(a, 1))) {
      ++p, ++a;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      a = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

Ruling Policy::rule(const Path& path) const {
  // RFC 5321 4.5.1: postmaster is taken, in any case of letters and without a domain too
  const bool bare = is_bare_postmaster(path) && !sites_.empty();
  const auto domain = bare ? sites_.front().domain : path.domain;
  const auto address = (bare ? "postmaster" : path.local_part) + "@" + domain;
  Ruling ruling;
  ruling.site = bare ? &sites_.front() : site_of(domain, address);
  ruling.answer = refusal_of(RecipientClass::unknown, {path.written, {}, {}});
  if (!ruling.site) return ruling;
  ruling.route = route_of(address);
  ruling.recipient_class = class_of(ruling, address, is_postmaster(path));
  if (takes(*ruling.site, ruling.recipient_class))
    ruling.answer = store::Recipient{bare ? address : path.written,
                                     ruling.route ? ruling.route->maildrop : ruling.site->maildrop};
  else
    ruling.answer =
        refusal_of(ruling.recipient_class, {path.written, ruling.site->prefix, ruling.site->domain});
  return ruling;
}

// The list before the routes, as Postfix looks at its access tables before it looks at aliases.
RecipientClass Policy::class_of(const Ruling& ruling, const std::string& address, bool postmaster) const {
  if (postmaster) return RecipientClass::local;
  if (lists(ruling.site->domain, address)) return RecipientClass::listed;
  if (ruling.route) return RecipientClass::local;
  return site_class(address, {ruling.site->prefix, ruling.site->secret});
}

bool Policy::lists(std::string_view domain, const std::string& address) const {
  return std::ranges::any_of(sites_, [&](const SitePolicy& site) {
    return site.reject_list && ascii_iequals(site.domain, domain) &&
           site.reject_list->get()->contains(address);
  });
}

const RoutePolicy* Policy::route_of(const std::string& address) const {
  const auto fitting = [&](const RoutePolicy& route) {
    return std::ranges::any_of(route.recipients, [&](const auto& pattern) { return fits(pattern, address); });
  };
  const auto found = std::ranges::find_if(routes_, fitting);
  return found == routes_.end() ? nullptr : &*found;
}

// Of several sites at one domain the one with the longest prefix; an address with the prefix of none may
// still be one's own request.
const SitePolicy* Policy::site_of(std::string_view domain, std::string_view address) const {
  const SitePolicy* first = nullptr;
  const SitePolicy* longest = nullptr;
  const SitePolicy* own = nullptr;
  for (const auto& site : sites_) {
    if (!ascii_iequals(site.domain, domain)) continue;
    if (!first) first = &site;
    if (begins_as(site, address) && (!longest || stem(site.prefix).size() > stem(longest->prefix).size()))
      longest = &site;
    if (!own && genuine_at(site, address)) own = &site;
  }
  return longest ? longest : own ? own : first;
}

}  // namespace guichet::smtpd
