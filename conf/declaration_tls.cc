#include "conf/declaration_tls.h"

#include "conf/place.h"

namespace guichet::conf {

Section tls_section() {
  return {
      .name = "tls",
      .doc = "TLS, of SMTP and POP3 alike. The certificates are in [smtpd] and [popd].",
      .options = {
          {.key = "handshake_timeout_s",
           .place = at(&Settings::tls, &TlsSettings::handshake_timeout_s),
           .form = Number{.min = 1, .max = 300, .unit = "seconds"},
           .doc = "A handshake that takes longer ends the session. Raise it for senders behind a satellite "
                  "or a very slow processor."},
      }};
}

}  // namespace guichet::conf
