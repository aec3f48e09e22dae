// Whom the driver tells what happened: the counters and the log always; the refusals that are kept as
// evidence, and a log in Postfix's words, where somebody wants them. Nothing here waits. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "smtpd/client.h"
#include "smtpd/envelope.h"
#include "smtpd/postfix_log.h"
#include "smtpd/refusal_keeper.h"
#include "smtpd/session.h"
#include "store/error.h"
#include "store/facts.h"
#include "store/seams.h"
#include "store/types.h"

namespace guichet::smtpd {

// A message that was filed, or could not be.
struct Filing {
  Client client;
  Envelope envelope;
  store::MessageId id;
  std::uint64_t octets = 0;
  std::vector<store::Recipient> recipients;
  store::Result<void> result;
  bool accepted = true;  // false: filed, and refused all the same; that is told by refused()
};

// Of one reply of 4xx or 5xx.
struct Refusing {
  const Client& client;
  const Refused& refused;
  store::Uuid session;
  Envelope session_facts;       // nothing of a transaction is read from it
  std::string recipient_class;  // of the one that was refused; empty: not ruled on
};

class Reporter {
 public:
  // Lines of postfix_log.h for the file of a day ("20261003"); must not wait.
  using PostfixLog = std::function<void(std::string day, std::string lines)>;

  // `keeper` may be null; both outlive the reporter.
  Reporter(std::string hostname, store::Clock& clock, RefusalKeeper* keeper)
      : hostname_(std::move(hostname)), clock_(clock), keeper_(keeper) {}
  void write_postfix_log(PostfixLog log) { postfix_log_ = std::move(log); }

  void filed(const Filing& filing) const;
  // In the order in which the client reads the replies, whoever decided.
  void refused(const Refusing& refusing) const;

 private:
  [[nodiscard]] RefusalKeeper::Added keep(const Refusing& refusing) const;
  [[nodiscard]] PostfixFacts postfix_facts(const store::Uuid& id, const Client& client,
                                           const std::string& mail_from) const;

  const std::string hostname_;
  store::Clock& clock_;
  RefusalKeeper* keeper_;
  PostfixLog postfix_log_;
};

// So that each of the counters is shown before it first counts.
void mention_counters();

// The ends of a session that no reply announces: its replies are not taken, or it could not have one. `why`:
// in OpenSSL's words, or ours.
void note_failed_proxy(const Client& client, const std::string& session, const std::string& why);
void note_unread_replies(const Client& client, const std::string& session);
void note_failed_handshake(const Client& client, const std::string& session, const std::string& why);

}  // namespace guichet::smtpd
