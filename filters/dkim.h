// Verifying DKIM signatures (RFC 6376, RFC 8301, RFC 8463), on OpenSSL.
//
// Not libopendkim, which was tried (2.11.0 beta 2 of Debian 12). It verifies Ed25519, opens no socket and,
// but for the configuration of OpenSSL, no file once it is initialised, and is as fast as this. But:
//   - It compares t= and x= with the clock of the machine, whatever its option for a fixed time says: a
//     message that is judged again a year later would have expired meanwhile.
//   - It hands out 1,024 octets for a key record: a longer one is cut off, and its signature not valid.
//   - Of a tag that stands twice it takes the last, where RFC 6376 3.2 makes the list invalid.
//   - Of a signature that it cannot read it tells nothing, as if there were none.
#pragma once

#include <cstdint>
#include <vector>

#include "filters/findings.h"
#include "filters/message.h"
#include "filters/names.h"

namespace guichet::filters {

inline constexpr unsigned dkim_signatures_max = 5;         // looked at, from the top of the header
inline constexpr std::int64_t clock_drift_max_s = 86'400;  // that a signer may be ahead of us

struct DkimFindings {
  std::vector<DkimFinding> signatures;  // in their order
  unsigned left_out = 0;                // beyond dkim_signatures_max
};

class DkimVerifier {
 public:
  // Lets OpenSSL read its configuration and load what it needs: after this, verifying opens no file.
  DkimVerifier();

  // RFC 6376 6.1. Asks for no more than dkim_signatures_max keys. The results:
  //   pass       with `partial` where l= leaves octets of the body unsigned: who relies on a pass looks at it
  //   fail       the message was altered, or x= has passed
  //   policy     verifies, and is not to be relied on: the key is marked as a test (t=y, which RFC 6376 3.6.1
  //              treats as no signature), or t= is in the future (RFC 6376 3.5 lets us ignore it)
  //   neutral    a header too large to be read whole: which fields were signed cannot be told
  //   permerror  the signature or the key is not valid: PERMFAIL of RFC 6376, apart from what is `fail`
  //   temperror  the key could not be asked for
  [[nodiscard]] DkimFindings verify(const Message& message, Names& names, std::int64_t now_unix_s) const;
};

}  // namespace guichet::filters
