// The answer to CAPA (RFC 2449 section 5).
#pragma once

#include <string>

namespace guichet::popd {

struct Offer {
  bool stls = false;             // STLS may be given
  bool plaintext_login = false;  // USER, PASS and AUTH PLAIN may be given
};

// The same in AUTHORIZATION and in TRANSACTION; status line, one line each, ".CRLF".
[[nodiscard]] std::string capability_list(Offer offer);

}  // namespace guichet::popd
