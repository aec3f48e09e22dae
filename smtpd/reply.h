// An SMTP reply: code, enhanced code (RFC 3463, RFC 2034) and text. The peer's fault is an ordinary value.
#pragma once

#include <string>
#include <string_view>

#include "smtpd/refusal.h"

namespace guichet::smtpd {

struct Reply {
  int code = 250;
  std::string enhanced;  // "2.1.0"; empty for the greeting, HELO/EHLO and 354, which carry none (RFC 2034 4)
  std::string text;      // may hold '\n' for a multi-line reply; whatever is not printable ASCII becomes '?'
  Refusal why = Refusal::unnamed;  // of a reply from 400 on: its counter

  // The lines with CRLF, "250-…" for all but the last (RFC 5321 4.2.1); each line at most 512 octets, cut
  // there.
  [[nodiscard]] std::string octets() const;
  // The same as one line: without the last CRLF, " / " between several.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] bool positive() const { return code < 400; }
};

// What makes a sender give a message up, made into what has it come back (SessionOptions::soft_refuse): a 5xx
// as 450, the 552 of a size as 452. 500, 502 and 503 stay: they say that a word is not spoken here, no mail
// depends on them, and a client that read 4xx there would wait instead of going on without the word.
[[nodiscard]] Reply softened(Reply reply);

}  // namespace guichet::smtpd
