// Who is written to here: the answer to RCPT. Only what needs no content is decided at this point; everything
// else is filed first and judged later.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtpd/address.h"
#include "smtpd/recipient_class.h"
#include "smtpd/reject_list.h"
#include "smtpd/reply.h"
#include "store/facts.h"

namespace guichet::smtpd {

struct SitePolicy {
  std::string domain;
  std::string prefix;  // "foi+": the site takes what begins with `foi`, as Postfix's ^foi.* does
  std::string maildrop;
  std::string secret;   // INCOMING_EMAIL_SECRET; empty: not known
  bool strict = false;  // of the site's addresses only GENUINE ones
  std::shared_ptr<const CurrentRejectList> reject_list = nullptr;  // null: none
};

// Recipients at the sites' domains that go elsewhere than the site's mail.
struct RoutePolicy {
  std::vector<std::string> recipients;  // LOCAL@DOMAIN; * stands for anything
  std::string maildrop;                 // empty: a black hole (intake.h)
};

// The answer to a recipient, and how it came about. The pointers are into the policy.
struct Ruling {
  RecipientClass recipient_class = RecipientClass::unknown;
  const SitePolicy* site = nullptr;    // whose address it is; null: no site has this domain
  const RoutePolicy* route = nullptr;  // null: it goes the site's own way
  std::variant<store::Recipient, Reply> answer;

  [[nodiscard]] bool taken() const { return std::holds_alternative<store::Recipient>(answer); }
};

// Immutable but for the reject lists; thread-safe.
class Policy {
 public:
  explicit Policy(std::vector<SitePolicy> sites, std::vector<RoutePolicy> routes = {})
      : sites_(std::move(sites)), routes_(std::move(routes)) {}

  // The recipient with its maildrop, or the refusal. Never a relay (RFC 5321 3.6.1): a domain that is no
  // site's is refused whatever the local part. GENUINE and LOCAL addresses are always taken; what a reject
  // list of the domain names is neither, unless it is postmaster.
  [[nodiscard]] Ruling rule(const Path& path) const;

  [[nodiscard]] const std::vector<SitePolicy>& sites() const { return sites_; }
  [[nodiscard]] const std::vector<RoutePolicy>& routes() const { return routes_; }

 private:
  [[nodiscard]] const SitePolicy* site_of(std::string_view domain, std::string_view address) const;
  [[nodiscard]] const RoutePolicy* route_of(const std::string& address) const;
  [[nodiscard]] RecipientClass class_of(const Ruling& ruling, const std::string& address,
                                        bool postmaster) const;
  [[nodiscard]] bool lists(std::string_view domain, const std::string& address) const;

  const std::vector<SitePolicy> sites_;
  const std::vector<RoutePolicy> routes_;  // the first that fits counts
};

// ASCII case is folded; * stands for any octets, none among them.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view address);

}  // namespace guichet::smtpd
