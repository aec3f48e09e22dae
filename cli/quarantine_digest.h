// The list of what is in quarantine, as a mail of the gateway's own: filed like any other, for a recipient
// that the configuration names, once a day and only while there is something.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "conf/settings.h"
#include "smtpd/intake.h"
#include "smtpd/policy.h"
#include "store/store.h"

namespace guichet::cli {

struct QuarantinedMessage {
  store::QueueRow row;
  std::string findings;  // JSON (filters/verdict.h); "": none are known
};

// The message, whole. `now` is its date.
[[nodiscard]] std::string compose_digest(const std::vector<QuarantinedMessage>& rows,
                                         const std::string& recipient, const std::string& hostname,
                                         store::Instant now);

// One thread at a time. References must outlive the object.
class QuarantineDigest {
 public:
  QuarantineDigest(const conf::Settings& settings, smtpd::Intake& intake, const smtpd::Policy& policy)
      : settings_(settings), intake_(intake), policy_(policy) {}

  // Sends it, from seven in the morning on, unless it was sent today. The error is for the operator.
  [[nodiscard]] store::Result<void> look();

 private:
  [[nodiscard]] std::filesystem::path mark() const;
  [[nodiscard]] store::Result<void> send(const std::string& message);

  const conf::Settings& settings_;
  smtpd::Intake& intake_;
  const smtpd::Policy& policy_;
};

}  // namespace guichet::cli
