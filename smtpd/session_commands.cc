// What each command does (Session::obey).
#include <string>

#include "smtpd/grammar.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

namespace {

Reply syntax_error(const VerbRow& row) {
  // RFC 2034 4: no reply to HELO or EHLO has an enhanced code.
  const bool hello = row.verb == Verb::kHelo || row.verb == Verb::kEhlo;
  return {501, hello ? "" : "5.5.4", "Syntax: " + std::string(row.syntax), Refusal::bad_syntax};
}

Reply not_authorized() {
  return {550, "5.7.0", "Insufficient authorization", Refusal::not_authorized};
}

// RFC 5321 4.1.1.1. Not offered, with the reasons in README.md: BINARYMIME, DSN, REQUIRETLS, DELIVERBY,
// MT-PRIORITY.
std::string ehlo_text(const SessionOptions& options, bool tls) {
  // RFC 1870 4: 0 is no fixed maximum. An upstream that read one would bounce what it has accepted.
  const auto size = options.privileges.trusted_upstream ? 0 : options.limits.message_octets_max;
  std::string text = options.hostname + "\nPIPELINING\nSIZE " + std::to_string(size);
  // RFC 3207 4.2: not offered once TLS is up.
  if (options.starttls && !tls) text += "\nSTARTTLS";
  if (options.privileges.xclient) text.append("\n").append(xclient_keyword);
  if (options.privileges.trusted_upstream) text.append("\n").append(xforward_keyword);
  text += "\nENHANCEDSTATUSCODES\n8BITMIME\nSMTPUTF8";
  // RFC 3030 2
  if (options.chunking) text += "\nCHUNKING";
  // RFC 9422 4.2. No MAILMAX (RFC 9422 4.1): a session may bring any number of messages.
  text += "\nLIMITS RCPTMAX=" + std::to_string(options.limits.recipients_max);
  return text + "\nHELP";
}

Stage stage_of(Verb verb) {
  switch (verb) {
    case Verb::kHelo:
    case Verb::kEhlo:
      return Stage::hello;
    case Verb::kStartTls:
      return Stage::tls;
    case Verb::kMail:
      return Stage::mail;
    case Verb::kRcpt:
      return Stage::recipient;
    case Verb::kData:
    case Verb::kBdat:
      return Stage::data;
    case Verb::kRset:
    case Verb::kNoop:
    case Verb::kVrfy:
    case Verb::kHelp:
    case Verb::kQuit:
    case Verb::kXclient:
    case Verb::kXforward:
    case Verb::kNotImplemented:
    case Verb::kUnknown:
    case Verb::kNotSmtp:
      break;
  }
  return Stage::command;
}

}  // namespace

void Session::obey(std::string_view line, bool more) {
  const Command command = parse_command(line);
  const VerbRow& row = *command.row;
  note(row, line);
  if (row.verb == Verb::kNotSmtp)
    return say_and_close({502, "5.5.1", "This is a mail server", Refusal::not_smtp});
  // Before what else may be wrong with its line: its octets follow, whatever stands in it.
  if (row.verb == Verb::kBdat) return bdat(command.argument);
  // RFC 5321 4.1.2: no string of a command holds control octets, and a log or a header must not either.
  if (has_control_octets(line))
    return refuse({500, "5.5.2", "Control octets in a command", Refusal::control_octets});
  if (!command.argument_fits()) return refuse(syntax_error(row));
  if (row.idle && !trusted() && idles_too_long()) return;
  switch (row.verb) {
    case Verb::kHelo:
      return hello(command.argument, false);
    case Verb::kEhlo:
      return hello(command.argument, true);
    case Verb::kMail:
      return mail(command.argument);
    case Verb::kRcpt:
      return rcpt(command.argument);
    case Verb::kData:
      return data(more);
    case Verb::kRset:
      return rset();
    case Verb::kNoop:
      return say({250, "2.0.0", "Ok"});
    case Verb::kVrfy:
      // RFC 5321 3.5.3: 252 tells nothing. RFC 5321 7.3 lets a site do so.
      return say({252, "2.0.0", "Send some mail, delivery will be attempted"});
    case Verb::kHelp:
      return say({214, "2.0.0", "See RFC 5321"});
    case Verb::kQuit:
      return say_and_close({221, "2.0.0", "Bye"});
    case Verb::kStartTls:
      return starttls(more);
    case Verb::kXclient:
      return xclient(command.argument);
    case Verb::kXforward:
      return xforward(command.argument);
    case Verb::kNotImplemented:
      return refuse({502, "5.5.1", "Command not implemented", Refusal::not_implemented});
    case Verb::kBdat:
    case Verb::kUnknown:
    case Verb::kNotSmtp:
      return refuse({500, "5.5.2", "Command not recognized", Refusal::unknown_command});
  }
}

// What a refusal of this line will name. Not what follows AUTH: it may be a password.
void Session::note(const VerbRow& row, std::string_view line) {
  stage_ = stage_of(row.verb);
  said_ = row.name == "AUTH" ? row.name : line.substr(0, said_octets_max);
  recipient_ = {};
}

// RFC 5321 4.1.1.1 asks for a domain or an address literal. The name is recorded and proves nothing, so any
// will do.
void Session::hello(std::string_view name, bool esmtp) {
  client_.helo = name;
  client_.esmtp = esmtp;
  // RFC 5321 4.1.4: EHLO in the middle of a session clears the buffers, as RSET does.
  forget_transaction();
  say({250, "", esmtp ? ehlo_text(options_, client_.tls) : options_.hostname});
}

// Without HELO or EHLO before it, as Postfix has it by default (RFC 5321 4.1.4 asks for one).
void Session::mail(std::string_view argument) {
  // RFC 5321 4.1.4
  if (transaction_) return refuse({503, "5.5.1", "Nested MAIL command", Refusal::out_of_order});
  // RFC 5321 4.1.1.2
  const auto text = after_keyword(argument, "FROM:");
  if (!text || text->empty())
    return refuse({501, "5.5.4", "Syntax: MAIL FROM:<address>", Refusal::bad_syntax});
  const auto sender = parse_path(*text);
  if (!sender) return refuse({501, "5.1.7", "Bad sender address syntax", Refusal::bad_sender});
  const auto parameters = parse_mail_parameters(text->substr(sender->consumed));
  if (!parameters) return refuse(parameters.error());
  // RFC 1870 6.1
  if (!trusted() && parameters->size_declared > options_.limits.message_octets_max) {
    return refuse({552, "5.3.4", "Message size exceeds fixed limit", Refusal::too_large});
  }
  transaction_ = Transaction{
      sender->path, parameters->size_declared, parameters->body_8bitmime, parameters->smtputf8, {}};
  question_ = Question::kMail;
}

void Session::rcpt(std::string_view argument) {
  // RFC 5321 4.1.4
  if (!transaction_) return refuse({503, "5.5.1", "Need MAIL command", Refusal::out_of_order});
  // RFC 3030 2: between two chunks nothing but BDAT, RSET, NOOP and QUIT
  if (body_) return refuse({503, "5.5.1", "RCPT after BDAT", Refusal::out_of_order});
  // RFC 5321 4.1.1.3
  const auto text = after_keyword(argument, "TO:");
  if (!text || text->empty()) return refuse({501, "5.5.4", "Syntax: RCPT TO:<address>", Refusal::bad_syntax});
  auto recipient = parse_path(*text);
  if (!recipient || recipient->path.null())
    return refuse({501, "5.1.3", "Bad recipient address syntax", Refusal::bad_recipient});
  recipient_ = std::move(recipient->path);
  if (auto refusal = refuse_rcpt_parameters(text->substr(recipient->consumed))) return refuse(*refusal);
  // RFC 5321 4.5.3.1.10: 452, and no error of the client's: it sends the rest in a second transaction. One
  // that goes on and on has none.
  if (transaction_->recipients.size() >= options_.limits.recipients_max) {
    if (++overshoot_ > options_.limits.overshoot_max && patience_ends()) return;
    return say({452, "4.5.3", "Too many recipients", Refusal::too_many_recipients});
  }
  question_ = Question::kRecipient;
}

void Session::data(bool more) {
  // RFC 2920 3.1: DATA is the last of a group. What follows before the 354 was not written by an SMTP client
  // that talks to us, and would be body or commands depending on our answer.
  if (more)
    return say_and_close(
        for_client({554, "5.5.0", "Data sent before it was asked for", Refusal::early_data}));
  // RFC 5321 4.1.4
  if (!transaction_) return refuse({503, "5.5.1", "Need RCPT command", Refusal::out_of_order});
  // RFC 3030 2
  if (body_) return refuse({503, "5.5.1", "DATA after BDAT", Refusal::out_of_order});
  // RFC 5321 3.3
  if (transaction_->recipients.empty())
    return refuse(for_client({554, "5.5.1", "No valid recipients", Refusal::no_recipients}));
  question_ = Question::kData;
}

// RFC 5321 4.1.1.5
void Session::rset() {
  forget_transaction();
  say({250, "2.0.0", "Ok"});
}

// Between two chunks there is a body too.
void Session::forget_transaction() {
  due_.discard = body_ && !body_->discarded;
  body_.reset();
  end_transaction();
}

void Session::starttls(bool more) {
  if (client_.tls) return refuse({503, "5.5.1", "TLS is already active", Refusal::out_of_order});
  if (!options_.starttls) return refuse({502, "5.5.1", "Command not implemented", Refusal::not_implemented});
  // RFC 3207 4.2: commands sent in the clear behind STARTTLS would be run as if they came inside TLS
  // (CVE-2011-0411).
  if (more) return say_and_close({554, "5.5.1", "Octets after STARTTLS", Refusal::early_tls});
  // RFC 3207 4; the transaction goes with all the rest in tls_established()
  say({220, "2.0.0", "Ready to start TLS"});
  due_.then = Then::kStartTls;
}

// Postfix's XCLIENT_README, and its answers in its order.
void Session::xclient(std::string_view argument) {
  if (transaction_) return refuse({503, "5.5.1", "MAIL transaction in progress", Refusal::out_of_order});
  if (!options_.privileges.xclient) return refuse(not_authorized());
  auto told = parse_xclient(argument, told_);
  if (!told) return refuse(told.error());
  told_ = *std::move(told);
  question_ = Question::kClient;
}

// Postfix's XFORWARD_README.
void Session::xforward(std::string_view argument) {
  if (transaction_) return refuse({503, "5.5.1", "MAIL transaction in progress", Refusal::out_of_order});
  if (!trusted()) return refuse(not_authorized());
  auto told = parse_xforward(argument, forwarded_);
  if (!told) return refuse(told.error());
  forwarded_ = *std::move(told);
  say({250, "2.0.0", "Ok"});
}

}  // namespace guichet::smtpd
