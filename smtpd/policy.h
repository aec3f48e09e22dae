// Who is written to here: the answer to RCPT. Only what needs no content is decided at this point; everything
// else is filed first and judged later.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtpd/address.h"
#include "smtpd/reply.h"
#include "store/facts.h"

namespace guichet::smtpd {

struct SitePolicy {
  std::string domain;
  std::string prefix;  // "foi+": the site takes what begins with `foi`, as Postfix's ^foi.* does
  std::string maildrop;
  std::string secret;   // INCOMING_EMAIL_SECRET
  bool strict = false;  // only addresses whose hash is right, and the plain mailbox
};

// Recipients at the sites' domains that go elsewhere than the site's mail.
struct RoutePolicy {
  std::vector<std::string> recipients;  // LOCAL@DOMAIN; * stands for anything
  std::string maildrop;                 // empty: a black hole (intake.h)
};

// Immutable; thread-safe.
class Policy {
 public:
  explicit Policy(std::vector<SitePolicy> sites, std::vector<RoutePolicy> routes = {})
      : sites_(std::move(sites)), routes_(std::move(routes)) {}

  // The recipient with its maildrop, or the refusal. Never a relay (RFC 5321 3.6.1): a domain that is no
  // site's is refused whatever the local part.
  [[nodiscard]] std::variant<store::Recipient, Reply> recipient(const Path& path) const;

 private:
  [[nodiscard]] const SitePolicy* site_of(const std::string& domain) const;
  [[nodiscard]] const RoutePolicy* route_of(const std::string& address) const;
  [[nodiscard]] static bool takes(const SitePolicy& site, const Path& path);

  const std::vector<SitePolicy> sites_;
  const std::vector<RoutePolicy> routes_;  // the first that fits counts
};

// ASCII case is folded; * stands for any octets, none among them.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view address);

}  // namespace guichet::smtpd
