// Who is written to here: the answer to RCPT. Only what needs no content is decided at this point; everything
// else is filed first and judged later.
#pragma once

#include <string>
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

// Immutable; thread-safe.
class Policy {
 public:
  explicit Policy(std::vector<SitePolicy> sites) : sites_(std::move(sites)) {}

  // The recipient with its maildrop, or the refusal. Never a relay (RFC 5321 3.6.1): a domain that is no
  // site's is refused whatever the local part.
  [[nodiscard]] std::variant<store::Recipient, Reply> recipient(const Path& path) const;

 private:
  [[nodiscard]] const SitePolicy* site_of(const std::string& domain) const;
  [[nodiscard]] static bool takes(const SitePolicy& site, const Path& path);

  const std::vector<SitePolicy> sites_;
};

}  // namespace guichet::smtpd
