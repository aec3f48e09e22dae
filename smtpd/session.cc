// The order of things. Where the session stands is in five fields, and they are read in this order:
//
//   due_           its parts come out first, one a step: DiscardBody, SendReply, then StartTls or Close
//   question_      set: only answer() or abort() may come next
//   chunk_         set: so many octets are a part of the body, or of one that was refused
//   body_          set by DATA: octets are body, until CRLF.CRLF; else they are commands
//   transaction_   set: after an accepted (or pending) MAIL
//
//   from           by                                 to
//   ----           --                                 --
//   no transaction MAIL, AskMail: yes                 transaction
//   transaction    RCPT, AskRecipient: yes            transaction, one recipient more
//   transaction    DATA, AskData: yes                 body (354)
//   transaction    BDAT, AskData: yes                 chunk of a body
//   chunk          its octets                         between chunks (250), or as below when it is the last
//   between chunks BDAT                               chunk
//   transaction,   RSET, HELO, EHLO, STARTTLS,        no transaction, no body
//   between chunks AskMail or AskData: no
//   body           CRLF.CRLF, the last chunk          AskFile, or the refusal of a void body
//   AskFile        any answer                         no transaction
//
// RFC 5321 4.1.4 is that table; everything that is not in it is 503.
#include "smtpd/session.h"

#include <utility>

#include "smtpd/check.h"

namespace guichet::smtpd {

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      commands_(options_.limits.command_octets_max, options_.limits.command_flood_octets_max) {}

void Session::greet(std::optional<Reply> refusal) {
  check(phase_ == Phase::kNew, "greet() comes once");
  phase_ = Phase::kOpen;
  // RFC 5321 3.1: 220, or 554 and wait; a client that was refused has nothing to say here, so it is closed.
  if (refusal) return say_and_close(*refusal);
  say(greeting());
}

Reply Session::greeting() const {
  return {220, "", options_.hostname + " ESMTP Guichet"};
}

Step Session::step(std::string_view input) {
  check(phase_ != Phase::kNew, "greet() comes before step()");
  check(phase_ != Phase::kHandshake, "no step() between StartTls and tls_established()");
  check(question_ == Question::kNone, "no step() while a question is outstanding");
  if (anything_due()) return {0, take_due()};
  if (chunk_) return step_chunk(input);
  return body_ && body_->framing() == IncomingBody::Framing::kDots ? step_body(input) : step_command(input);
}

Step Session::step_command(std::string_view input) {
  const auto [found, consumed, line] = commands_.next(input);
  switch (found) {
    case CommandReader::Found::kNothing:
      return {consumed, NeedInput{}};
    case CommandReader::Found::kLine:
      obey(line, consumed < input.size());
      break;
    case CommandReader::Found::kTooLong:
      stage_ = Stage::command, said_.clear();
      // RFC 5321 4.5.3.1.9
      refuse({500, "5.5.2", "Line too long", Refusal::line_too_long});
      break;
    case CommandReader::Found::kFlood:
      stage_ = Stage::command, said_.clear();
      say_and_close({500, "5.5.2", "Line too long", Refusal::line_flood});
      break;
  }
  if (chunk_ && question_ == Question::kNone && !anything_due()) {
    auto step = step_chunk(input.substr(consumed));
    step.consumed += consumed;
    return step;
  }
  return {consumed, next_action()};
}

Step Session::step_body(std::string_view input) {
  std::size_t consumed = 0;
  while (!body_->ended() && consumed < input.size()) {
    const auto piece = body_->next(input.substr(consumed));
    consumed += piece.consumed;
    if (auto action = pass_on(piece.body)) return {consumed, *std::move(action)};
  }
  if (!body_->ended()) return {consumed, NeedInput{}};
  end_of_data();
  return {consumed, next_action()};
}

// What the driver gets to see of octets that the body has taken.
std::optional<Action> Session::pass_on(std::string_view octets) {
  if (body_->discarded) return std::nullopt;
  if (body_->flaw() != Flaw::kNone) {
    body_->discarded = true;
    return DiscardBody{};
  }
  if (octets.empty()) return std::nullopt;
  return BodyOctets{octets};
}

// A void body is refused here and not where it became void: only at the true end does the client look for a
// reply, and what it sends before is never taken for commands.
void Session::end_of_data() {
  const auto flaw = body_->flaw();
  due_.discard = flaw != Flaw::kNone && !body_->discarded;
  body_.reset();
  stage_ = Stage::end_of_data;
  said_.clear();
  if (flaw == Flaw::kNone) {
    question_ = Question::kFile;
    return;
  }
  refuse_body(flaw);
  end_transaction();
}

void Session::end_transaction() {
  transaction_.reset();
  forwarded_ = {};
}

// After RCPT a trusted upstream is put off and never refused: its 5xx would become a bounce to a forged
// sender.
Reply Session::for_client(Reply reply) const {
  return trusted() ? softened(std::move(reply)) : reply;
}

void Session::refuse_body(Flaw flaw) {
  switch (flaw) {
    case Flaw::kAmbiguousDotLine:
      // RFC 5321 2.3.8: bare CR and LF MUST NOT be sent. Around a dot line they are how a second message is
      // smuggled, so the session ends: what the sender thinks it says next is not known.
      return say_and_close(
          {550, "5.5.2", "Bare CR or LF around a line of a single dot refused", Refusal::bare_line_end});
    case Flaw::kTooLarge:
      // RFC 1870 6.3
      return say(for_client({552, "5.3.4", "Message size exceeds fixed limit", Refusal::too_large}));
    case Flaw::kBareLineEnd:
      // RFC 5321 2.3.8
      return say({550, "5.5.2", "CR or LF that is not part of a CRLF refused", Refusal::bare_line_end});
    case Flaw::kNone:
      break;
  }
  check(false, "a sound body is not refused");
}

bool Session::anything_due() const {
  return due_.discard || !due_.reply.empty() || due_.then != Then::kGoOn;
}

Action Session::take_due() {
  if (std::exchange(due_.discard, false)) return DiscardBody{};
  if (!due_.reply.empty()) return SendReply{std::exchange(due_.reply, {}), std::exchange(due_.refused, {})};
  if (closing()) return Close{};
  check(due_.then == Then::kStartTls, "take_due() without anything due");
  due_.then = Then::kGoOn;
  phase_ = Phase::kHandshake;
  return StartTls{};
}

Action Session::ask() const {
  switch (question_) {
    case Question::kClient:
      return AskClient{&told_};
    case Question::kMail:
      return AskMail{&*transaction_};
    case Question::kRecipient:
      return AskRecipient{&*transaction_, &recipient_};
    case Question::kData:
      return AskData{&*transaction_};
    case Question::kFile:
      return AskFile{&*transaction_};
    case Question::kNone:
      break;
  }
  check(false, "ask() without a question");
  return Close{};
}

Action Session::next_action() {
  return question_ == Question::kNone ? take_due() : ask();
}

void Session::say(const Reply& given) {
  const auto reply = options_.soft_refuse ? softened(given) : given;
  due_.reply += reply.octets();
  refused_last_ = !reply.positive();
  if (refused_last_) due_.refused.push_back(refused(reply));
  // RFC 5321 3.8: 421 announces that the channel is closed.
  if (reply.code == 421) due_.then = Then::kClose;
}

Refused Session::refused(const Reply& reply) const {
  Refused refused{reply, stage_, said_, std::nullopt, {}};
  if (transaction_) refused.mail_from = transaction_->reverse_path.written;
  if (stage_ == Stage::recipient) {
    if (!recipient_.written.empty()) refused.recipients = {recipient_.written};
  } else if (transaction_) {
    for (const auto& recipient : transaction_->recipients)
      refused.recipients.push_back(recipient.written);
  }
  return refused;
}

void Session::say_and_close(const Reply& reply) {
  say(reply);
  due_.then = Then::kClose;
}

// One answer to one command: the 421 stands in the place of the refusal, not after it.
void Session::refuse(const Reply& reply) {
  if (!patience_ends()) say(reply);
}

bool Session::patience_ends() {
  if (++errors_ <= options_.limits.errors_max) return false;
  say({421, "4.7.0", options_.hostname + " Too many errors", Refusal::too_many_errors});
  return true;
}

bool Session::idles_too_long() {
  return ++idle_commands_ > options_.limits.idle_commands_max && patience_ends();
}

void Session::abort(Reply reply) {
  if (closing()) return;
  due_.discard = body_ && !body_->discarded;
  if (phase_ != Phase::kNew) stage_ = in_data() ? Stage::body : Stage::waiting;
  said_.clear();
  body_.reset();
  chunk_.reset();
  question_ = Question::kNone;
  const bool handshaking = phase_ == Phase::kHandshake;
  phase_ = Phase::kOpen;
  // A 220 that was not sent yet would have the client begin its handshake into our reply.
  if (std::exchange(due_.then, Then::kClose) == Then::kStartTls) due_.reply.clear();
  if (!handshaking) say(reply);
}

void Session::tls_established() {
  check(phase_ != Phase::kOpen, "tls_established() without StartTls");
  if (phase_ == Phase::kHandshake) phase_ = Phase::kOpen;
  // RFC 3207 4.2: what was said in the clear may have been said by someone else.
  client_ = ClientFacts{};
  client_.tls = true;
  forget_transaction();
}

bool Session::in_data() const {
  const bool by_dots = body_ && body_->framing() == IncomingBody::Framing::kDots;
  return body_ && !body_->ended() && (by_dots || chunk_);
}
bool Session::in_command() const {
  return !in_data() && commands_.in_line();
}
bool Session::awaiting_answer() const {
  return question_ != Question::kNone;
}
const ClientFacts& Session::client() const {
  return client_;
}
const std::optional<Transaction>& Session::transaction() const {
  return transaction_;
}
unsigned Session::errors() const {
  return errors_;
}

}  // namespace guichet::smtpd
