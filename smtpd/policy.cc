#include "smtpd/policy.h"

#include <algorithm>

#include "smtpd/ascii.h"
#include "smtpd/request_address.h"

namespace guichet::smtpd {
namespace {

// "foi+" is the prefix of request addresses; "foi" is the mailbox, and what Postfix is told to match today.
std::string_view stem(std::string_view prefix) {
  const auto last = prefix.find_last_not_of("+-_.");
  return last == std::string_view::npos ? prefix : prefix.substr(0, last + 1);
}

Reply unknown(const Path& path) {
  return {550, "5.1.1",
          "<" + path.written + ">: no such recipient here; please check the address you reply to"};
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

std::variant<store::Recipient, Reply> Policy::recipient(const Path& path) const {
  // RFC 5321 4.5.1: postmaster is taken, without a domain too
  const bool bare = is_bare_postmaster(path) && !sites_.empty();
  const auto* site = bare ? &sites_.front() : site_of(path.domain);
  if (!site) return unknown(path);
  const auto address = bare ? "postmaster@" + site->domain : path.written;
  if (const auto* route = route_of(bare ? address : path.local_part + "@" + path.domain))
    return store::Recipient{address, route->maildrop};
  if (!bare && !takes(*site, path)) return unknown(path);
  return store::Recipient{address, site->maildrop};
}

const RoutePolicy* Policy::route_of(const std::string& address) const {
  const auto fitting = [&](const RoutePolicy& route) {
    return std::ranges::any_of(route.recipients, [&](const auto& pattern) { return fits(pattern, address); });
  };
  const auto found = std::ranges::find_if(routes_, fitting);
  return found == routes_.end() ? nullptr : &*found;
}

const SitePolicy* Policy::site_of(const std::string& domain) const {
  const auto found = std::find_if(sites_.begin(), sites_.end(),
                                  [&](const SitePolicy& site) { return ascii_iequals(site.domain, domain); });
  return found == sites_.end() ? nullptr : &*found;
}

bool Policy::takes(const SitePolicy& site, const Path& path) {
  if (ascii_iequals(path.local_part, "postmaster")) return true;
  const auto mailbox = stem(site.prefix);
  if (ascii_iequals(path.local_part, mailbox)) return true;
  if (site.strict) return exact_request(path.local_part, site.secret).has_value();
  return ascii_iequals(std::string_view(path.local_part).substr(0, mailbox.size()), mailbox);
}

}  // namespace guichet::smtpd
