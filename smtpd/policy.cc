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

std::variant<store::Recipient, Reply> Policy::recipient(const Path& path) const {
  // RFC 5321 4.5.1: postmaster is taken, without a domain too
  if (is_bare_postmaster(path) && !sites_.empty())
    return store::Recipient{"postmaster@" + sites_.front().domain, sites_.front().maildrop};
  const auto* site = site_of(path.domain);
  if (!site) return unknown(path);
  if (!takes(*site, path)) return unknown(path);
  return store::Recipient{path.written, site->maildrop};
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
