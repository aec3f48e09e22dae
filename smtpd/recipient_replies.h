// What a refused recipient is told. The sender's server passes it on to a human at an authority, mostly
// whole: which address, what is wrong with it, what to do. Each fits into one line of 512 octets (RFC 5321
// 4.5.3.1.5), however long the address; what is cut of that is marked.
#pragma once

#include <string_view>

#include "smtpd/recipient_class.h"
#include "smtpd/reply.h"

namespace guichet::smtpd {

// For a class that the site does not take; prefix and domain are the site's, empty when it is no site's.
struct RefusedRecipient {
  std::string_view address;  // as written
  std::string_view prefix, domain;
};
[[nodiscard]] Reply refusal_of(RecipientClass recipient_class, const RefusedRecipient& recipient);

// For a guess too many (driver_guess_limit.h): 4xx, whatever the class.
[[nodiscard]] Reply put_off_guess(std::string_view address);

}  // namespace guichet::smtpd
