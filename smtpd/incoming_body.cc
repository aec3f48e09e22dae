#include "smtpd/incoming_body.h"

namespace guichet::smtpd {

DataReader::Piece IncomingBody::next(std::string_view input) {
  const auto piece = reader_.next(input);
  take(piece.body);
  if (piece.end) end();
  return piece;
}

// The dots that DataReader takes out stand between a CRLF and something else, so line ends are the same in
// what is stored and in what was sent.
void IncomingBody::take(std::string_view octets) {
  octets_ += octets.size();
  if (line_endings_ != LineEndings::kStrict) return;
  for (const char octet : octets) {
    bare_ |= (octet == '\n') != after_cr_;
    after_cr_ = octet == '\r';
  }
}

void IncomingBody::end() {
  ended_ = true;
  bare_ |= after_cr_;
}

Flaw IncomingBody::flaw() const {
  if (reader_.ambiguous_dot_line() && line_endings_ != LineEndings::kAny) return Flaw::kAmbiguousDotLine;
  if (octets_ > octets_max_) return Flaw::kTooLarge;
  return bare_ ? Flaw::kBareLineEnd : Flaw::kNone;
}

}  // namespace guichet::smtpd
