// What kind of address a recipient is. The class is recorded with a message, shown wherever the message is,
// and decides together with a site's policy whether RCPT is refused (policy.h).
#pragma once

#include <optional>
#include <string_view>

namespace guichet::smtpd {

enum class RecipientClass {
  genuine,     // a request's own address: the hash is right, by Alaveteli's exact match
  repairable,  // a request address with something wrong in it: Alaveteli guesses, or an officer does
  prefix,      // begins as the site's addresses do, and that is all; or there is no secret to tell by
  listed,      // in the reject list that Alaveteli generates: its request takes nothing any more
  local,       // postmaster, and what a [[route]] names: aliases, black holes
  unknown,     // nobody's here
};

// Somebody may be trying until one is right.
[[nodiscard]] constexpr bool is_guess(RecipientClass recipient_class) {
  return recipient_class == RecipientClass::repairable || recipient_class == RecipientClass::unknown;
}

// "GENUINE", "REPAIRABLE", …: in records, --json and logs. These names are kept for ever.
[[nodiscard]] std::string_view name_of(RecipientClass recipient_class);
[[nodiscard]] std::optional<RecipientClass> recipient_class_of(std::string_view name);

// What a site's addresses begin with, less the mark at the end: "foi+" is the prefix of request addresses,
// "foi" is the mailbox, and what Postfix is told to match today (^foi.*).
[[nodiscard]] std::string_view stem(std::string_view prefix);

// Of an address at the site's domain that is neither LISTED nor LOCAL. GENUINE whatever it begins with, as
// Alaveteli has it; else UNKNOWN without the prefix, or REPAIRABLE or PREFIX with it. Pure; takes the same
// time for a wrong hash of any kind.
struct SiteAddresses {
  std::string_view prefix;
  std::string_view secret;  // empty: not known; nothing is GENUINE or REPAIRABLE
};
[[nodiscard]] RecipientClass site_class(std::string_view address, const SiteAddresses& site);

}  // namespace guichet::smtpd
