// What a driver does with a session, without socket, store or clock: answers each question at once from a
// maildrop in memory. User foi, password secret. Shared by the dialogs, the unit tests and the fuzzer.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "popd/served_writer.h"
#include "popd/session.h"

namespace guichet::popd {

struct FakeMaildrop {
  std::vector<std::string> messages;  // in served form
  bool commit_durable = true;
};

class FakeDriver {
 public:
  explicit FakeDriver(SessionOptions options, FakeMaildrop maildrop = {}, bool too_many_sessions = false)
      : session_(std::move(options)), maildrop_(std::move(maildrop)) {
    session_.greet(too_many_sessions);
    run();
  }

  // Octets from the client. Those that come while a handshake is due are no handshake: it fails.
  void receive(std::string_view piece) {
    if (handshake_due_) closed_ = true;
    input_.append(piece);
    run();
  }

  void shake_hands() {
    handshake_due_ = false;
    session_.tls_established();
    run();
  }

  [[nodiscard]] const std::string& sent() const { return sent_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool handshake_due() const { return handshake_due_; }
  // What QUIT handed over; nothing when it was never asked, or could not be recorded.
  [[nodiscard]] const std::vector<std::size_t>& deleted() const { return deleted_; }
  [[nodiscard]] const Session& session() const { return session_; }

 private:
  void run() {
    while (!closed_ && !handshake_due_) {
      Step step = session_.step(input_);
      input_.erase(0, step.consumed);
      if (std::holds_alternative<NeedInput>(step.action)) return;
      std::visit([this](auto& action) { carry_out(action); }, step.action);
    }
  }

  void carry_out(NeedInput&) {}
  void carry_out(SendReply& reply) { sent_ += reply.octets; }
  void carry_out(StartTls&) { handshake_due_ = true; }
  void carry_out(Close&) { closed_ = true; }

  void carry_out(AskLogin& ask) {
    if (ask.user == "busy") return session_.login_refused(LoginRefusal::in_use);
    if (ask.user == "ill") return session_.login_refused(LoginRefusal::temporary);
    if (ask.user == "copy") return session_.login_refused(LoginRefusal::detached);
    if (ask.user == "hasty") return session_.login_refused(LoginRefusal::login_delay);
    const bool blanks = ask.user == "blanks" && ask.password == "  two  words ";
    if (!blanks && (ask.user != "foi" || ask.password != "secret")) {
      return session_.login_refused(LoginRefusal::wrong);
    }
    session_.logged_in(entries());
  }

  void carry_out(AskRetrieve& ask) {
    ServedWriter writer(ask.body_lines);
    sent_ += "+OK message follows\r\n";
    writer.feed(maildrop_.messages.at(ask.number - 1), sent_);
    writer.finish(sent_);
    session_.retrieved();
  }

  void carry_out(AskCommit& ask) {
    const bool nothing_deleted = ask.deleted.empty();
    if (maildrop_.commit_durable) deleted_ = std::move(ask.deleted);
    session_.committed(maildrop_.commit_durable || nothing_deleted);
  }

  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> entries;
    for (const std::string& message : maildrop_.messages) {
      entries.push_back({"uid-" + std::to_string(entries.size() + 1), message.size()});
    }
    return entries;
  }

  Session session_;
  FakeMaildrop maildrop_;
  std::string input_;
  std::string sent_;
  std::vector<std::size_t> deleted_;
  bool closed_ = false;
  bool handshake_due_ = false;
};

}  // namespace guichet::popd
