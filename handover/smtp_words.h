// What a client of SMTP says to the next server, and what that one's words mean. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "handover/driver.h"

namespace guichet::handover {

// What the next server announced after EHLO.
struct SmtpExtensions {
  bool size = false;            // RFC 1870
  bool eight_bit_mime = false;  // RFC 6152
  bool utf8 = false;            // RFC 6531
};
// `reply`: the lines of the reply to EHLO, "250-…", without their ends, one after the other by '\n'.
[[nodiscard]] SmtpExtensions extensions_of(std::string_view reply);

struct SmtpEnvelope {
  std::string mail_from;  // "" for the null sender; octets as they came
  std::string recipient;
  bool utf8_declared = false;  // it came with SMTPUTF8: its header may need it
  std::uint64_t size_octets = 0;
};

// Why this server cannot be given this envelope, however often it is tried. RFC 6531 section 3.2: an address
// that is not ASCII goes to servers that announce SMTPUTF8 only, and no other address may be put in its
// place. A message that came with SMTPUTF8 between addresses in ASCII is sent as it is: for the reason below.
[[nodiscard]] std::optional<std::string> obstacle_of(const SmtpEnvelope& envelope,
                                                     const SmtpExtensions& next);

// "MAIL FROM:<…> …". BODY=8BITMIME is said whenever it may be: what is in the body is not known before it was
// read, and 7-bit octets may be sent under it too (RFC 6152 section 3). Where it is not announced the octets
// are sent as they are all the same: made over into quoted-printable they would not be the letter that came,
// a signature under them would not hold, and servers that pass only seven bits say so or are gone. What such
// a server refuses for good is stuck, with its words.
[[nodiscard]] std::string mail_command(const SmtpEnvelope& envelope, const SmtpExtensions& next);

// What a reply to `command` ("RCPT TO:<…>", "DATA", or the octets' end) means; 0: none came.
[[nodiscard]] Outcome::Kind meaning_of_reply(int reply, std::string_view command);

// RFC 5321 section 4.5.2: a line that begins with a dot gets another one. Of octets that come in pieces,
// whose line ends are all CRLF.
class DotStuffing {
 public:
  void feed(std::string_view octets, std::string& out);
  // The end of the data.
  void finish(std::string& out) const;

 private:
  bool at_line_start_ = true;
};

}  // namespace guichet::handover
