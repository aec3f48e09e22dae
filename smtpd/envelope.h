// What was known when a message was received, apart from its octets: the envelope and the session. Kept with
// the message as JSON for ever; the trace fields of the served form are composed from it, now or after a
// crash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpd/recipient_class.h"
#include "store/error.h"
#include "store/types.h"

namespace guichet::smtpd {

struct Envelope {
  std::string session;  // the id that the log lines of this session carry
  std::string client;   // "192.0.2.1"; empty: there was no session, or nobody knew whose it was (via is set)
  unsigned client_port = 0;
  std::string client_name = {};  // as told; octets of strangers
  std::string via = {};          // who told of the client, the other end of the connection; empty: the same
  std::string told_by = {};      // "proxy", "xclient", "xforward"
  bool trusted_upstream = false;
  std::string upstream_id = {};  // the message's there, by XFORWARD
  std::string helo;              // octets as received
  std::string protocol;          // "ESMTPS", ...: the "with" of RFC 5321 4.4 and RFC 3848
  std::string tls_version, tls_cipher;
  std::string mail_from;  // octets as received; empty: the null sender
  bool body_8bitmime = false;
  bool smtputf8 = false;
  // How far the name of the client's address was found out: "verified", "unverified", "none", "unknown";
  // empty: it was not asked for.
  std::string reverse_name_state = {};
  std::string reverse_name = {};
  std::vector<std::string> front_door = {};  // tags (front_door.h)
  // Of each recipient of the message, in their order; empty in records of early releases and of imports.
  std::vector<RecipientClass> recipient_classes = {};
};

// A JSON object. A value that is not UTF-8 has its exact octets beside it as "<name>_hex".
[[nodiscard]] std::string encode_envelope(const Envelope& envelope);
[[nodiscard]] store::Result<Envelope> decode_envelope(std::string_view json);

// The fields that the gateway writes on top of a message in its served form, each exactly once, CRLF ends.
struct Trace {
  std::string hostname;  // "by", and the authentication service id
  store::MessageId message;
  store::Instant received;
  store::Digest digest;
  std::string recipient;                // of this delivery
  bool add_message_id = false;          // the original has none, or an empty one
  std::string_view judged_fields = {};  // what filters say of it, whole fields; "": it was not judged
};
[[nodiscard]] std::string compose_prefix(const Envelope& envelope, const Trace& trace);

}  // namespace guichet::smtpd
