// The body of DATA: finds CRLF.CRLF and nothing else, takes the stuffed dots out (RFC 5321 4.1.1.4, RFC
// 5321 4.5.2).
//
// One end-of-data. `<LF>.<LF>`, `<CR>.<CR>` and their kin are body octets; the reader remembers that it saw
// one (ambiguous_dot_line) so that the session can refuse after reading on to the true end (CVE-2023-51764).
// Everything else is passed on exactly as received, bare CR and LF and NUL included: it is evidence.
#pragma once

#include <cstddef>
#include <string_view>

namespace guichet::smtpd {

class DataReader {
 public:
  struct Piece {
    std::size_t consumed = 0;  // of the input; 0 only together with a body from the static constant
    std::string_view body;     // body octets: a view into the input, or into a static constant
    bool end = false;          // CRLF.CRLF has been consumed; body is then the last piece (may be empty)
  };

  // The next piece of the body: as long as it can be, cut only where a dot is taken out. Call again with the
  // rest of the input until it is used up or `end`; the input must not be empty, and not come after `end`.
  // The CRLF before the final dot belongs to the body. `.CRLF` as the very first octets ends an empty body.
  [[nodiscard]] Piece next(std::string_view input);

  [[nodiscard]] bool ambiguous_dot_line() const { return ambiguous_dot_line_; }

 private:
  // What the last octets were, which is all that the meaning of a dot depends on.
  enum class Before { kText, kCr, kBareLf, kCrLf };
  // Where the reader stands. kText: nothing is withheld. kStrayDot: the last octet was a dot after a bare CR
  // or LF, already passed on. kDot, kDotCr: a dot after CRLF, then its CR, consumed and withheld.
  enum class At { kText, kStrayDot, kDot, kDotCr };

  [[nodiscard]] Piece text(std::string_view input);
  [[nodiscard]] Piece after_dot(std::string_view input);
  [[nodiscard]] Piece after_dot_cr(std::string_view input);
  [[nodiscard]] Before before(std::string_view input, std::size_t position) const;

  At at_ = At::kText;
  Before before_ = Before::kCrLf;  // the line of DATA itself ended with one
  bool ambiguous_dot_line_ = false;
};

}  // namespace guichet::smtpd
