#include "popd/capabilities.h"

namespace guichet::popd {

std::string capability_list(Offer offer) {
  std::string out = "+OK capabilities follow\r\n";
  // RFC 2449 sections 6.1 and 6.8
  out += "TOP\r\nUIDL\r\n";
  // RFC 2449 sections 6.2 and 6.3: announced only where the commands would be accepted, so that a client is
  // not led to send a password in clear.
  if (offer.plaintext_login) out += "USER\r\nSASL PLAIN\r\n";
  // RFC 2449 section 6.4, RFC 3206 section 6
  out += "RESP-CODES\r\nAUTH-RESP-CODE\r\n";
  // RFC 2449 sections 6.6 and 6.7: nothing leaves the maildrop but by DELE and QUIT.
  out += "PIPELINING\r\nEXPIRE NEVER\r\n";
  // RFC 2449 section 6.9: without a version, which would help only whoever looks for an old one.
  out += "IMPLEMENTATION Guichet\r\n";
  // RFC 6856 section 2.1: without the argument USER, since names are compared octet by octet.
  out += "UTF8\r\n";
  // RFC 2595 section 4
  if (offer.stls) out += "STLS\r\n";
  return out + ".\r\n";
}

}  // namespace guichet::popd
