// The field Authentication-Results (RFC 8601) of a delivery: findings, for programs.
//
//   Authentication-Results: mx.asso.example;
//   <tab>spf=pass smtp.mailfrom=a@interieur.gouv.fr;
//   <tab>dkim=pass header.d=interieur.gouv.fr header.s=k1 header.a=rsa-sha256 header.b=oINEO8hg;
//   <tab>dmarc=pass header.from=interieur.gouv.fr policy.dmarc=reject;
//   <tab>iprev=pass policy.iprev=192.0.2.1
#pragma once

#include <string>
#include <string_view>

#include "filters/findings.h"
#include "filters/message.h"

namespace guichet::filters {

// The whole field with CRLF at its end, lines of at most 78 octets where their words allow it and never of
// more than 998, US-ASCII, not more than 8 KB. "; none" where nothing was looked into.
//
// Findings and envelope hold octets of strangers. A value that is not what its property takes (the name of a
// domain, an address that needs no quoting, an IP address, a token) is left out; `reason` is a quoted string
// of printable US-ASCII. So a reader that does not know quoting finds no result in them that is not ours.
//
// One result is not that of its finding: a DKIM pass that leaves octets of the body unsigned is written as
// `policy` (RFC 8601 2.7.1: "some aspect of the signature was not acceptable"), for readers look at one word.
[[nodiscard]] std::string authentication_results(const Findings& findings, const Envelope& envelope);

// Whether the message brings results that bear this name (RFC 8601 5), however they are written: where it
// stands in such a field at all.
[[nodiscard]] bool names_authserv(const Message& message, std::string_view hostname);

}  // namespace guichet::filters
