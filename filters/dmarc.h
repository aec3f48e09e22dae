// DMARC (RFC 7489): does SPF or DKIM vouch for the domain that stands in the From field?
#pragma once

#include <optional>
#include <vector>

#include "filters/author.h"
#include "filters/findings.h"
#include "filters/names.h"
#include "filters/public_suffix.h"

namespace guichet::filters {

// RFC 7489 6.6.2. Asks for two names at most. The results:
//   pass       a pass of SPF or of DKIM is in alignment with the author
//   fail       none is
//   none       no policy is published
//   permerror  there is no one author whom a policy could be asked for (RFC 7489 6.6.1): apart from `none`,
//   so
//              that two From fields are no way around a rule about `fail`
//   temperror  the policy could not be asked for; or nothing passes, and what could not be asked for might
//
// A DKIM pass that leaves octets of the body unsigned (l=) counts for nothing: whoever holds one such message
// of a domain can append to it what he likes, and has mail that is "from" the domain.
//
// spf_aligned and dkim_aligned mean: passes, and in alignment. They are found out without a policy too, by
// the relaxed alignment that is its default: people want to know as much of a domain that publishes none.
[[nodiscard]] DmarcFinding evaluate_dmarc(const Author& author, const std::optional<SpfFinding>& spf,
                                          const std::vector<DkimFinding>& dkim, Names& names,
                                          const PublicSuffix& suffixes);

// Sets DkimFinding::author, whatever the result of the signature.
void mark_author(const Author& author, const PublicSuffix& suffixes, std::vector<DkimFinding>& dkim);

}  // namespace guichet::filters
