// To Rails' Action Mailbox, by its relay ingress: POST …/rails/action_mailbox/relay/inbound_emails, Basic
// authorization of user actionmailbox, the message as the body; 204 No Content: stored.
//
// Rails knows a message again by its Message-ID and the SHA-1 of its octets, which are the same at each
// attempt: one that was stored without our hearing of it is not stored twice.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "handover/driver.h"

namespace guichet::handover {

struct ActionMailboxOptions {
  std::string url;
  std::string password;
  std::filesystem::path ca_file;  // empty: the system's authorities
  std::chrono::seconds time_limit{120};
};

class ActionMailboxDriver final : public Driver {
 public:
  explicit ActionMailboxDriver(ActionMailboxOptions options) : options_(std::move(options)) {}

  [[nodiscard]] store::Way way() const override { return store::Way::action_mailbox; }
  [[nodiscard]] std::string target() const override { return "action_mailbox " + options_.url; }
  [[nodiscard]] Outcome hand_over(const Item& item, store::ServedMessage& octets,
                                  const std::stop_token& stop) override;

 private:
  const ActionMailboxOptions options_;
};

// What a status of HTTP means. 204 alone is a yes: a proxy's page says 200 as well. 401, 404, 415 and their
// like are about the whole of it (the password, the ingress), as are 502 to 504; what is left may be about
// this message.
[[nodiscard]] Outcome::Kind meaning_of_status(long status);

}  // namespace guichet::handover
