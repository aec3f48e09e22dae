// What is kept of a refusal, so that "we answered you" can be looked up: a JSON object in a volume of its own
// kind (store/refusal_volumes.h).
//   at host session client client_port client_name helo protocol tls_version tls_cipher stage reason reply
//   recipient_class mail_from recipients recipients_more said
// Left out are client_name, tls_* and recipient_class where there is none. mail_from is null outside of a
// transaction. What is not UTF-8 has its octets beside it as "<name>_hex", but for recipients: those are in
// what was said. Every string has a limit.
#pragma once

#include <cstdint>
#include <string>

#include "smtpd/client.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"
#include "store/types.h"

namespace guichet::smtpd {

struct RefusalRecord {
  store::Instant at;
  std::string host;  // the name that we gave ourselves
  Client client;
  Envelope session;  // nothing of a transaction is read from it
  Refused refused;
  std::string recipient_class = {};  // of the one that was refused; empty: not ruled on
};

[[nodiscard]] std::string encode_refusal(const RefusalRecord& record);

// How many were not kept, in the time from the first to the last of them.
struct LeftOut {
  std::uint64_t refusals = 0;
  store::Instant from, until;
};
//   at left_out from until
[[nodiscard]] std::string encode_left_out(const LeftOut& left_out);

}  // namespace guichet::smtpd
