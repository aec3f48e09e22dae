// An SMTP reply: code, enhanced code (RFC 3463, RFC 2034) and text. The peer's fault is an ordinary value.
#pragma once

#include <string>
#include <string_view>

namespace guichet::smtpd {

struct Reply {
  int code = 250;
  std::string enhanced;  // "2.1.0"; empty for the greeting, HELO/EHLO and 354, which carry none (RFC 2034 4)
  std::string text;      // may hold '\n' for a multi-line reply; whatever is not printable ASCII becomes '?'

  // The lines with CRLF, "250-…" for all but the last (RFC 5321 4.2.1); each line at most 512 octets, cut
  // there.
  [[nodiscard]] std::string octets() const;
  [[nodiscard]] bool positive() const { return code < 400; }
};

}  // namespace guichet::smtpd
