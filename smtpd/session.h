// The SMTP server session as a pure machine (RFC 5321): octets in, actions out.
//
// No socket, no clock, no file: the driver reads and writes, asks the policy, files the message. That is
// what makes "every split" tests possible and keeps the driver thin enough to read in one go.
//
// The theory. The machine is a command reader, an optional<Transaction> and at most one question that is
// outstanding. While a question is outstanding step() consumes nothing: pipelined commands (RFC 2920) wait
// in the driver's buffer, and back-pressure comes for free. Everything that RFC 5321 calls "clear the
// buffers" is one line, transaction_.reset().
//
// Use:
//   for (;;) {
//     Step s = session.step(input);          // input: octets received and not consumed yet
//     input.remove_prefix(s.consumed);
//     ... carry out s.action ...
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtpd/address.h"
#include "smtpd/client_attributes.h"
#include "smtpd/command_reader.h"
#include "smtpd/grammar.h"
#include "smtpd/incoming_body.h"
#include "smtpd/reply.h"

namespace guichet::smtpd {

// Each limit is a named reply when it is passed (smtpd/README.md lists them).
struct SessionLimits {
  std::size_t command_octets_max = 4096;         // with its CRLF; RFC 5321 4.5.3.1.4 asks for 512
  std::size_t command_flood_octets_max = 65536;  // a line that is longer still ends the session
  std::size_t recipients_max = 100;              // RFC 5321 4.5.3.1.8
  std::uint64_t message_octets_max = 220'000'000;
  std::uint64_t trusted_message_octets_max = 4ull << 30;  // from a trusted upstream, which has accepted it
  unsigned errors_max = 10;          // one more is answered 421; a filed message forgives all
  unsigned idle_commands_max = 100;  // NOOP, RSET, refused recipients ...: each more is an error
  unsigned overshoot_max = 1000;     // recipients past recipients_max, put off with 452: the same
};

// What this client may do that others may not. Both are about its address, so an XCLIENT may take them away.
struct Privileges {
  bool xclient = false;           // say whom it speaks for
  bool trusted_upstream = false;  // XFORWARD; and it has accepted the mail, so it is never refused for good
  friend bool operator==(const Privileges&, const Privileges&) = default;
};

struct SessionOptions {
  std::string hostname;      // in the greeting, the EHLO reply
  bool starttls = false;     // offer STARTTLS; false once TLS is up
  bool soft_refuse = false;  // every reply is softened() before it is sent
  bool chunking = false;     // offer CHUNKING, take BDAT
  LineEndings line_endings = LineEndings::kKeep;
  SessionLimits limits;
  Privileges privileges = {};
};

// What the client said of itself. Octets exactly as received, not to be trusted in any header unquoted.
struct ClientFacts {
  std::string helo;    // empty: none was given
  bool esmtp = false;  // EHLO rather than HELO
  bool tls = false;    // true after a handshake; the driver knows version and cipher
};

// RFC 5321 3.3. RSET, EHLO, STARTTLS, the end of DATA and a refusal of it destroy the object.
struct Transaction {
  Path reverse_path;                // empty mailbox: the null sender <>
  std::uint64_t size_declared = 0;  // RFC 1870; 0: not declared
  bool body_8bitmime = false;       // RFC 6152
  bool smtputf8 = false;            // RFC 6531
  std::vector<Path> recipients;     // accepted ones, in order, as the client wrote them
};

// --- Actions -------------------------------------------------------------------------------------------
// Views point into the session or into the input given to step() and live until the next call of either.

// Everything was consumed: read more.
struct NeedInput {};

inline constexpr std::size_t said_octets_max = 512;

// A reply that refuses, and what it refuses.
struct Refused {
  Reply reply;
  Stage stage = Stage::connect;
  std::string said;  // the command line it answers, as received, at most said_octets_max; or empty
  std::optional<std::string> mail_from;  // as the client wrote it; unset: outside a transaction
  std::vector<std::string> recipients;   // to RCPT the one asked for, later those accepted, as written
};

// Whole lines, CRLF included.
struct SendReply {
  std::string octets;
  std::vector<Refused> refused;  // which of the replies in `octets` refuse, in their order
};

// XCLIENT: all that was told until now. Session::set_privileges() comes before the answer; accepted, the
// greeting follows.
struct AskClient {
  const ClientAttributes* told;
};

// Answer with answer(): nullopt = accept.
struct AskMail {
  const Transaction* transaction;
};

// The recipient is not yet in transaction->recipients.
struct AskRecipient {
  const Transaction* transaction;
  const Path* recipient;
};

// Accepted, BodyOctets begin; to DATA, 354 goes before them.
struct AskData {
  const Transaction* transaction;
};

// Dot-unstuffed when they come by DATA (RFC 5321 4.5.2).
struct BodyOctets {
  std::string_view octets;
};

// End of data. answer(reply): 250 or a refusal.
struct AskFile {
  const Transaction* transaction;
};

// What was received of the body is void (too large, ...), and no more of it comes.
struct DiscardBody {};

// Flush the 220 that came before, then shake hands.
struct StartTls {};

// Flush what was sent, then close. Every further step gives it again.
struct Close {};

using Action = std::variant<NeedInput, SendReply, AskClient, AskMail, AskRecipient, AskData, BodyOctets,
                            AskFile, DiscardBody, StartTls, Close>;

struct Step {
  std::size_t consumed = 0;  // of the input given
  Action action;
};

// The session's own: a chunk of a body that is being received. (Not nested in Session: clang does not take a
// nested class with default values inside std::optional.)
struct IncomingChunk {
  std::uint64_t octets = 0;
  std::uint64_t octets_left = 0;
  bool last = false;
  std::optional<Reply> refusal;  // what is said when the rest of it has come, and been thrown away
};

class Session {
 public:
  explicit Session(SessionOptions options);

  // The first action of a session is SendReply with the 220 greeting, before any input is looked at;
  // `refusal` instead (421, 554) makes it that reply and then Close.
  void greet(std::optional<Reply> refusal = std::nullopt);

  // Advances by one action. Never consumes while a question is outstanding (returning NeedInput then would
  // be a lie: it is a checked error of the driver to call it).
  [[nodiscard]] Step step(std::string_view input);

  // Answers the outstanding Ask…; nullopt means yes, and so does a positive reply, which is then what the
  // client reads (but for AskData, whose yes is always 354). For AskFile the reply is always given: the 250
  // that says the message is durable, or the refusal. A 421 is followed by Close (RFC 5321 3.8).
  void answer(std::optional<Reply> reply);

  // Ends the session at the next step with this reply: 421 at shutdown, time-out, too slow a body
  // (RFC 5321 3.8, RFC 5321 4.5.3.2). Allowed at any time, also inside DATA (DiscardBody comes first) and
  // with a question outstanding: that is withdrawn, and an answer that still comes is ignored. After AskFile
  // the body is the driver's, so no DiscardBody. Between StartTls and tls_established() nothing is sent.
  void abort(Reply reply);

  // Of whoever the client turned out to be: before greet(), or in answer to AskClient.
  void set_privileges(Privileges privileges) { options_.privileges = privileges; }
  // STARTTLS is not offered in this session. Before greet().
  void withhold_starttls() { options_.starttls = false; }

  // After StartTls: the handshake succeeded. All that was said before is forgotten (RFC 3207 4.2). Also
  // allowed before greet(), for a port that speaks TLS from the start.
  void tls_established();

  [[nodiscard]] bool in_data() const;     // octets of a body are expected, and its end was not yet seen
  [[nodiscard]] bool in_command() const;  // a part of a command line was received
  [[nodiscard]] bool awaiting_answer() const;
  [[nodiscard]] const ClientFacts& client() const;
  [[nodiscard]] const std::optional<Transaction>& transaction() const;
  // XFORWARD: whom the next or present transaction is from.
  [[nodiscard]] const ClientAttributes& forwarded() const { return forwarded_; }
  [[nodiscard]] unsigned errors() const;
  [[nodiscard]] bool refused_last() const { return refused_last_; }  // the reply that was said last

 private:
  enum class Phase { kNew, kOpen, kHandshake };
  enum class Question { kNone, kClient, kMail, kRecipient, kData, kFile };
  enum class Then { kGoOn, kStartTls, kClose };

  // What the next steps give, in this order. A command leads to no more than this.
  struct Due {
    bool discard = false;
    std::string reply;
    std::vector<Refused> refused;  // in `reply`
    Then then = Then::kGoOn;
  };

  // session.cc: the order of things
  [[nodiscard]] Step step_command(std::string_view input);
  [[nodiscard]] Step step_body(std::string_view input);
  [[nodiscard]] std::optional<Action> pass_on(std::string_view octets);
  void end_of_data();
  void refuse_body(Flaw flaw);
  [[nodiscard]] bool anything_due() const;
  [[nodiscard]] Action take_due();
  [[nodiscard]] Action ask() const;
  [[nodiscard]] Action next_action();
  [[nodiscard]] bool closing() const { return due_.then == Then::kClose; }
  [[nodiscard]] Reply greeting() const;
  void say(const Reply& reply);
  [[nodiscard]] Refused refused(const Reply& reply) const;
  void say_and_close(const Reply& reply);
  void refuse(const Reply& reply);
  void end_transaction();
  [[nodiscard]] bool trusted() const { return options_.privileges.trusted_upstream; }
  [[nodiscard]] Reply for_client(Reply reply) const;
  [[nodiscard]] bool patience_ends();
  [[nodiscard]] bool idles_too_long();

  // session_answers.cc: what the answer to each question does
  void answer_client(const std::optional<Reply>& refusal);
  void answer_mail(const Reply& reply);
  void answer_recipient(const Reply& reply);
  void answer_data(const std::optional<Reply>& refusal);
  void answer_file(const Reply& reply);

  // session_chunks.cc: BDAT and what follows it
  void bdat(std::string_view argument);
  void refuse_chunk(Reply reply);
  [[nodiscard]] Step step_chunk(std::string_view input);
  void end_of_chunk();

  // session_commands.cc: what each command does. `more`: octets follow its line already.
  void obey(std::string_view line, bool more);
  void note(const VerbRow& row, std::string_view line);
  void hello(std::string_view name, bool esmtp);
  void mail(std::string_view argument);
  void rcpt(std::string_view argument);
  void data(bool more);
  void rset();
  void forget_transaction();
  void starttls(bool more);
  void xclient(std::string_view argument);
  void xforward(std::string_view argument);

  SessionOptions options_;
  ClientFacts client_;
  std::optional<Transaction> transaction_;
  std::optional<IncomingBody> body_;
  std::optional<IncomingChunk> chunk_;
  ClientAttributes told_;       // by XCLIENT; they are never taken back
  ClientAttributes forwarded_;  // by XFORWARD; they go with the transaction
  Path recipient_;              // the one being asked about
  std::string said_;            // the command being obeyed, for Refused
  Stage stage_ = Stage::connect;
  CommandReader commands_;
  Due due_;
  Question question_ = Question::kNone;
  Phase phase_ = Phase::kNew;
  unsigned errors_ = 0;
  unsigned overshoot_ = 0;
  bool refused_last_ = false;
  unsigned idle_commands_ = 0;
};

}  // namespace guichet::smtpd
