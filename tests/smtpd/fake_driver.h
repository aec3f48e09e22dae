// Carries out what a Session asks, in memory: the policy accepts foi@ and foi+anything@example.test and the
// bare postmaster, the filing keeps every body. A sender's name may ask for a refusal: mail-later@,
// data-later@, file-later@. Header-only, since fuzz targets use it as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpd/ascii.h"
#include "smtpd/session.h"

namespace guichet::smtpd::test {

struct Filed {
  ClientFacts client;
  Transaction transaction;
  std::string body;
};

inline SessionOptions options() {
  return {.hostname = "mx.example.test", .starttls = true, .limits = {}};
}

inline std::optional<Reply> ask_policy(const Path& recipient) {
  if (is_bare_postmaster(recipient)) return std::nullopt;
  const std::string_view local = recipient.local_part;
  const bool ours = ascii_iequals(recipient.domain, "example.test");
  if (ours && (ascii_iequals(local, "foi") || ascii_iequals(local.substr(0, 4), "foi+"))) return std::nullopt;
  return Reply{550, "5.1.1", "User unknown"};
}

class FakeDriver {
 public:
  explicit FakeDriver(SessionOptions session_options = options()) : session(std::move(session_options)) {}

  void greet() {
    session.greet();
    run();
  }

  // More octets from the client; everything that follows from them is done when this returns.
  void feed(std::string_view octets) {
    input_ += octets;
    run();
  }

  void finish_handshake() {
    handshake_wanted = false;
    session.tls_established();
    run();
  }

  void run() {
    std::string_view rest = input_;
    while (!closed && !handshake_wanted) {
      const Step step = session.step(rest);
      rest.remove_prefix(step.consumed);
      if (std::holds_alternative<NeedInput>(step.action)) break;
      std::visit([this](const auto& action) { carry_out(action); }, step.action);
    }
    input_ = std::string(rest);
  }

  Session session;
  std::string output;  // all that was sent
  std::vector<Refused> refused;
  std::vector<Filed> filed;
  std::string body;  // of the message being received
  unsigned discards = 0;
  bool closed = false;
  bool handshake_wanted = false;
  Reply filing_says{250, "2.0.0", "Ok"};

 private:
  void carry_out(const NeedInput&) {}
  // As if every client that XCLIENT tells of were a stranger.
  void carry_out(const AskClient&) {
    session.set_privileges({});
    session.answer(std::nullopt);
  }
  void carry_out(const SendReply& action) {
    output += action.octets;
    refused.insert(refused.end(), action.refused.begin(), action.refused.end());
  }
  void carry_out(const AskMail& question) { session.answer(refusal(*question.transaction, "mail-later")); }
  void carry_out(const AskRecipient& question) { session.answer(ask_policy(*question.recipient)); }
  void carry_out(const AskData& question) { session.answer(refusal(*question.transaction, "data-later")); }
  void carry_out(const BodyOctets& action) { body += action.octets; }
  static std::optional<Reply> refusal(const Transaction& transaction, std::string_view name) {
    if (transaction.reverse_path.local_part != name) return std::nullopt;
    return Reply{452, "4.3.1", "Later"};
  }
  void carry_out(const AskFile& question) {
    if (auto later = refusal(*question.transaction, "file-later")) {
      body.clear();
      return session.answer(std::move(later));
    }
    filed.push_back({session.client(), *question.transaction, std::exchange(body, {})});
    session.answer(filing_says);
  }
  void carry_out(const DiscardBody&) {
    ++discards;
    body.clear();
  }
  void carry_out(const StartTls&) { handshake_wanted = true; }
  void carry_out(const Close&) { closed = true; }

  std::string input_;  // received and not consumed
};

}  // namespace guichet::smtpd::test
