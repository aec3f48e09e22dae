// Findings for people: one line for the admins of a site, who know what a ministry is and not what DKIM is.
#pragma once

#include <string>

#include "filters/findings.h"

namespace guichet::filters {

// Printable US-ASCII, not more than 1,000 octets, without a line end. For example
//   signed by interieur.gouv.fr, matches the From address
//   nobody vouches for the From address at ministere.example; signed by lists.example, which is another
//   domain the signature of mairie.example does not verify: the body was altered could not be judged: mime:
//   worker died by signal 11
// It says "matches the From address" only of what covers all of the message and is in alignment.
[[nodiscard]] std::string in_words(const Findings& findings);

}  // namespace guichet::filters
