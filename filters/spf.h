// SPF: may this client send for that domain? check_host() of RFC 7208 4, over a seam for DNS; whatever a
// stranger publishes, it ends after a number of questions that is known before.
//
// Where RFC 7208 leaves a choice:
//   - A target that is no name (an empty or too long label, no dot, a NUL or a backslash from a macro) is not
//     asked for, and the mechanism does not match (4.8).
//   - Void look-ups (4.6.4) are counted one by one, those for the addresses of MX and PTR names with them,
//     and again when the same thing is asked again: the third is the result. Not those for an explanation.
//   - Of the first ten names that PTR gives, those are looked up that lie in the target: the outcome is that
//     of 5.5, and strangers, who choose their PTR, cannot spend a domain's void look-ups (with %{p}, whose
//     use RFC 7208 7.2 advises against, they can).
//   - More than `queries_max` questions are a temperror, not a permerror: the limit is ours. A record may
//     keep all the RFC's limits and need 111 questions; a permerror would say that its domain had erred. It
//     is also what 4.6.4 asks for when the time is up, and what a seam that refuses to answer leads to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "filters/findings.h"
#include "filters/names.h"

namespace guichet::filters {

// RFC 7208 4.6.4, but for the last two.
struct SpfLimits {
  unsigned terms_max = 10;      // include, a, mx, ptr, exists, redirect: one more is a permerror
  unsigned voids_max = 2;       // one more is a permerror
  unsigned mx_names_max = 10;   // more of one name are a permerror
  unsigned ptr_names_max = 10;  // more are ignored
  unsigned queries_max = 20;    // of all kinds, the explanation's too; the same question is asked once
  std::size_t explanation_octets_max = 512;  // cut off there
};

struct SpfQuestion {
  std::string client;         // "192.0.2.1", "2001:db8::1"; anything else: none
  std::string helo;           // octets of strangers, as the next
  std::string mail_from;      // without angle brackets; "": the null sender, judged as postmaster@helo (2.4)
  std::string hostname = {};  // ours, for %{r}
  std::int64_t received_unix_s = 0;  // for %{t}
  SpfLimits limits = {};
};

// Asks `names` at most limits.queries_max questions, each once.
[[nodiscard]] SpfFinding check_spf(Names& names, const SpfQuestion& question);

}  // namespace guichet::filters
