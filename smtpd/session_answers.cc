// What the answer to each question does (Session::answer).
#include <utility>

#include "smtpd/ascii.h"
#include "smtpd/check.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

void Session::answer(std::optional<Reply> reply) {
  if (closing()) return;  // it was asked before an abort()
  check(question_ != Question::kNone, "answer() without a question");
  switch (std::exchange(question_, Question::kNone)) {
    case Question::kClient:
      return answer_client(reply);
    case Question::kMail:
      return answer_mail(reply.value_or(Reply{250, "2.1.0", "Ok"}));
    case Question::kRecipient:
      return answer_recipient(reply.value_or(Reply{250, "2.1.5", "Ok"}));
    case Question::kData:
      return answer_data(reply);
    case Question::kFile:
      check(reply.has_value(), "the answer to AskFile is always a reply");
      return answer_file(*reply);
    case Question::kNone:
      return;
  }
}

// As at the start, but for TLS, which cannot be undone, and for what XCLIENT itself said.
void Session::answer_client(const std::optional<Reply>& refusal) {
  if (refusal) return say(*refusal);
  client_ = ClientFacts{.helo = told_.helo.value_or(""),
                        .esmtp = ascii_iequals(told_.protocol.value_or(""), "ESMTP"),
                        .tls = client_.tls};
  end_transaction();
  say(greeting());
}

// Put off again and again, it is a command that moves no mail.
void Session::answer_mail(const Reply& reply) {
  const bool over = !reply.positive() && !trusted() && idles_too_long();
  if (!over) say(reply);
  if (!reply.positive()) transaction_.reset();
}

// An unknown recipient is no error of the protocol: a town hall that writes to twelve old addresses and one
// that is still good must reach the good one. Only a harvest of addresses comes to the end of our patience.
void Session::answer_recipient(const Reply& reply) {
  if (reply.positive()) {
    transaction_->recipients.push_back(std::move(recipient_));
  } else if (!trusted() && idles_too_long()) {  // an upstream asks before it accepts (address verification)
    return;
  }
  say(reply);
}

void Session::answer_data(const std::optional<Reply>& refusal) {
  using Framing = IncomingBody::Framing;
  if (refusal && !refusal->positive()) {
    // RFC 3030 2: what the client sends of a chunk is read before it is told.
    if (chunk_ && refusal->code != 421) return void(chunk_->refusal = refusal);
    say(for_client(*refusal));
    return end_transaction();
  }
  // Refused, it would come back to a sender whom the upstream has told that it was accepted. There is one end
  // of data all the same: what the upstream takes for another is content here.
  const auto& limits = options_.limits;
  body_.emplace(chunk_ ? Framing::kChunks : Framing::kDots,
                trusted() ? limits.trusted_message_octets_max : limits.message_octets_max,
                trusted() ? LineEndings::kAny : options_.line_endings);
  if (!chunk_) say({354, "", "End data with <CR><LF>.<CR><LF>"});
}

void Session::answer_file(const Reply& reply) {
  if (reply.positive()) {
    errors_ = 0;
    idle_commands_ = 0;
    overshoot_ = 0;
  }
  say(for_client(reply));
  end_transaction();
}

}  // namespace guichet::smtpd
