#include "conf/declaration_tls.h"

#include "conf/place.h"

namespace guichet::conf {

Section tls_section() {
  return {
      .name = "tls",
      .doc =
          "TLS, of SMTP and POP3 alike. The certificates are in [smtpd] and [popd], more of them in "
          "[[certificate]]. Their files are looked at each minute, and at SIGHUP: a new certificate is taken "
          "up by itself, and a file that is broken changes nothing but the log.",
      .options = {
          {.key = "handshake_timeout_s",
           .place = at(&Settings::tls, &TlsSettings::handshake_timeout_s),
           .form = Number{.min = 1, .max = 300, .unit = "seconds"},
           .doc = "A handshake that takes longer ends the session. Raise it for senders behind a satellite "
                  "or a very slow processor."},
          {.key = "expiry_alarm_days",
           .place = at(&Settings::tls, &TlsSettings::expiry_alarm_days),
           .form = Number{.min = 0, .max = 365, .unit = "days"},
           .doc = "A certificate that expires in less than this raises an alarm, once a day, in the log and "
                  "in guichet status. 0: only when it has expired."},
      }};
}

Section certificate_section() {
  return {.name = "certificate",
          .doc =
              "A certificate for other names than smtpd.tls_cert has, such as those in the MX records of "
              "other sites. It is served to clients that ask for a name in its subjectAltName (SNI), by SMTP "
              "and POP3; all others get tls_cert. One [[certificate]] for each.",
          .append = [](Settings& settings) { settings.certificates.emplace_back(); },
          .options = {
              {.key = "cert",
               .place = at(&Settings::certificates, &CertificatePair::cert),
               .form = PathText{},
               .doc = "The certificate in PEM, followed by its chain.",
               .required = true},
              {.key = "key",
               .place = at(&Settings::certificates, &CertificatePair::key),
               .form = PathText{},
               .doc = "Its private key, in PEM.",
               .required = true},
          }};
}

}  // namespace guichet::conf
