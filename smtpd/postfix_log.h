// The mail that comes in, in the words of Postfix's log, for Alaveteli's MailServerLog: it ties all lines of
// a queue id to the request whose address stands in one of them, and shows them to whoever runs the site.
//
//   Oct  3 16:39:35 mx postfix/smtpd[PID]: QUEUEID: client=…
//
// The queue id is made of the last twelve hexadecimal digits of the message's id, or, for what was refused,
// of the session's: never NOQUEUE, as in Postfix, which would tie every refusal to every request. No line
// says "dsn=2.0.0" or "status=", whatever a stranger sends: those tell Alaveteli that the *outgoing* request
// was delivered. Pure, but for the time zone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smtpd/client.h"
#include "smtpd/session.h"
#include "store/types.h"

namespace guichet::smtpd {

struct PostfixFacts {
  store::Instant at;
  std::string host;  // our name
  int process = 0;
  store::Uuid id;  // of the message, or of the session
  Client client;
  std::string mail_from;
};

// Whole lines. `recipients` as written.
[[nodiscard]] std::string lines_of_filing(const PostfixFacts& facts,
                                          const std::vector<std::string>& recipients,
                                          std::uint64_t size_octets);
// Empty when no recipient was refused.
[[nodiscard]] std::string lines_of_refusal(const PostfixFacts& facts, const Refused& refused);

// "20261003": the day that a line of that time belongs to.
[[nodiscard]] std::string postfix_day(store::Instant at);

}  // namespace guichet::smtpd
