// What happens when a reply refuses, whoever decided it: one counter, one line in the log. The driver calls
// it for each reply of 4xx and 5xx that goes out, in the order in which the client reads them.
#pragma once

#include <string>

#include "smtpd/client.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

// So that each of the counters is shown before it first counts. Thread-safe, as all of this.
void mention_counters();

// `session`: what is known of the session; nothing of a transaction is read from it.
void note_refusal(const Client& client, const Envelope& session, const Refused& refused);

// The ends of a session that no reply announces: its replies are not taken, or it could not have one. `why`:
// in OpenSSL's words, or ours.
void note_failed_proxy(const Client& client, const std::string& session, const std::string& why);
void note_unread_replies(const Client& client, const std::string& session);
void note_failed_handshake(const Client& client, const std::string& session, const std::string& why);

}  // namespace guichet::smtpd
