// The POP3 server session as a pure machine (RFC 1939, 2449, 2595, 3206, 5034, 6856): octets in, actions out.
//
// Same shape as smtpd/session.h: one question outstanding pauses the machine, so pipelining (RFC 2449 section
// 6.6) and back-pressure need no code of their own. Three things it never does, because the poller it serves
// loses mail or dies of them: answer -ERR to DELE of a listed message, answer QUIT before the removal is
// durable, remove anything without QUIT (RFC 1939 section 6).
//
// Use:
//   session.greet();
//   for (;;) {
//     Step s = session.step(input);          // input: octets received and not consumed yet
//     input.remove_prefix(s.consumed);
//     ... carry out s.action; after an Ask… or StartTls answer it before the next step ...
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "popd/grammar.h"
#include "popd/line_reader.h"
#include "popd/listing.h"
#include "popd/snapshot.h"

namespace guichet::popd {

struct SessionLimits {
  // With its line end. RFC 2449 section 4 asks for 255; the longest response of SASL PLAIN (three fields of
  // 255 octets, RFC 4616 section 2) is 1,024 in base64: 1,037 with "AUTH PLAIN " before it and CRLF after.
  std::size_t command_octets_max = 1'040;
  unsigned errors_max = 20;         // this many commands not understood or out of place: -ERR and close
  unsigned login_failures_max = 3;  // this many refused logins: the refusal and close
};

struct SessionOptions {
  std::string hostname = {};    // in the greeting
  bool stls = false;            // offer STLS (RFC 2595 section 4)
  bool plaintext_login = true;  // USER/PASS/AUTH allowed without TLS (loopback); else -ERR, STLS first
  bool tls = false;             // implicit TLS: already encrypted
  SessionLimits limits = {};
};

// --- Actions. Each owns what it holds. -------------------------------------------------------------------

// Everything was consumed: read more.
struct NeedInput {};

// Whole lines; long listings come in pieces of at most 16 KB.
struct SendReply {
  std::string octets;
};

// Answer with logged_in() or login_refused(). Both are the peer's octets: with AUTH they may hold any octet
// but NUL, line ends too, so escape the name before it is logged.
struct AskLogin {
  std::string user;
  std::string password;
};

// Write "+OK …", the served form, dot-stuffed, and ".CRLF"; then retrieved(). When the message cannot be
// read, write -ERR [SYS/TEMP] instead, or close if octets of it are gone already.
struct AskRetrieve {
  std::size_t number = 0;                   // from 1
  std::optional<std::uint64_t> body_lines;  // TOP's count
};

// QUIT in TRANSACTION: hand these over durably, then committed(). From an empty maildrop QUIT is answered
// without asking.
struct AskCommit {
  std::vector<std::size_t> deleted;  // numbers from 1, ascending; none: what was offered was not taken
};

// The +OK was sent: shake hands, then tls_established().
struct StartTls {};

// Flush what was sent, then close.
struct Close {};

using Action = std::variant<NeedInput, SendReply, AskLogin, AskRetrieve, AskCommit, StartTls, Close>;

struct Step {
  std::size_t consumed = 0;  // of the input given
  Action action;
};

enum class LoginRefusal {
  wrong,        // [AUTH], for an unknown name and for a wrong password
  in_use,       // [IN-USE]
  temporary,    // [SYS/TEMP]
  login_delay,  // [LOGIN-DELAY]: passwords are not looked at for a while
  detached,     // [SYS/PERM]: a restored copy, to be looked at
};

class Session {
 public:
  explicit Session(SessionOptions options);
  Session(const Session&) = delete;  // a listing refers to the maildrop inside
  Session& operator=(const Session&) = delete;

  // Before the first step. refuse: -ERR [SYS/TEMP] too many sessions, then Close.
  void greet(bool refuse = false);

  // Advances by one action. Never to be called while a question is outstanding, nor before greet(): that is
  // the driver's fault and ends the process, as does an answer to a question that was not asked.
  [[nodiscard]] Step step(std::string_view input);

  void logged_in(std::vector<Entry> maildrop);
  void login_refused(LoginRefusal why);
  void retrieved();  // AskRetrieve was written in full
  // false: the removal could not be recorded; -ERR [SYS/TEMP], close. With nothing deleted always true.
  void committed(bool durable);
  void tls_established();  // all before it is forgotten (RFC 2595 section 4)

  [[nodiscard]] bool in_transaction() const;                   // logged in, before QUIT
  [[nodiscard]] bool uids_told() const { return uids_told_; }  // all of them were asked for
  [[nodiscard]] bool awaiting_answer() const;                  // an Ask… or StartTls is unanswered

 private:
  // The theory. RFC 1939 section 3 has three states; UPDATE is the question Question::commit here, since
  // nothing else can happen in it. `exchange` is a SASL exchange: the next line is no command (RFC 5034
  // section 4).
  enum class State { ungreeted, authorization, exchange, handshake, transaction, closing };
  enum class Question { none, login, retrieve, commit, tls };

  std::optional<Action> owed(std::string_view input);
  Action handle_line(const LineReader::Result& line, bool more_follows);
  Action handle_command(std::string_view line, bool more_follows);
  Action dispatch(const Command& command, bool more_follows);

  Action user(std::string_view name);
  Action pass(std::string_view password);
  Action auth(std::string_view argument);
  Action response(std::string_view base64);
  Action ask_login(std::string name, std::string password);
  Action stls(bool more_follows);
  Action capabilities() const;

  Action stat() const;
  Action list(Column column, std::optional<std::uint64_t> number);
  Action list_one(Column column, std::uint64_t number) const;
  Action retrieve(std::uint64_t number, std::optional<std::uint64_t> body_lines);
  Action dele(std::uint64_t number);
  Action rset();
  Action quit();

  Action next_listing_piece();
  Action ask(Question question, Action action);
  Action error(std::string_view text);
  Action error_and_close(std::string_view text);
  void answered(Question question);
  [[nodiscard]] bool login_allowed() const;
  [[nodiscard]] bool stls_offered() const;
  [[nodiscard]] bool in_place(States states) const;

  SessionOptions options_;
  State state_ = State::ungreeted;
  Question question_ = Question::none;
  LineReader lines_;
  std::string reply_;                 // owed to the client by the next step
  std::string user_;                  // after USER, until PASS
  std::optional<Snapshot> snapshot_;  // while logged in
  std::optional<Listing> listing_;    // a listing that is not told to its end
  bool uids_told_ = false;
  unsigned errors_ = 0;
  unsigned login_failures_ = 0;
};

}  // namespace guichet::popd
