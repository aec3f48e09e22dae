// Only a dot can mean anything, and only after a line end. So the search is memchr for the dot, with a look
// at the octets before it: base64, which is what large bodies are made of, has no dot and passes in one
// piece. A search for line ends, the other way to do it, costs a call for each line of each body.
#include "smtpd/data_reader.h"

namespace guichet::smtpd {

namespace {

bool line_end_octet(char c) {
  return c == '\r' || c == '\n';
}

// A dot behind a dot begins no line, so a run of them is one candidate: bodies full of dots stay cheap.
std::size_t next_candidate(std::string_view input, std::size_t dot) {
  return input.find('.', input.find_first_not_of('.', dot));
}

}  // namespace

DataReader::Piece DataReader::next(std::string_view input) {
  switch (at_) {
    case At::kDot:
      return after_dot(input);
    case At::kDotCr:
      return after_dot_cr(input);
    case At::kStrayDot:
      ambiguous_dot_line_ |= line_end_octet(input.front());
      at_ = At::kText;
      return text(input);
    case At::kText:
      break;
  }
  return text(input);
}

DataReader::Piece DataReader::text(std::string_view input) {
  for (auto dot = input.find('.'); dot != std::string_view::npos; dot = next_candidate(input, dot)) {
    const Before line_end = before(input, dot);
    if (line_end == Before::kText) continue;
    // RFC 5321 4.5.2: a dot that begins a line is the end, or was added by the client and is taken out.
    if (line_end == Before::kCrLf) {
      at_ = At::kDot;
      return {dot + 1, input.substr(0, dot), false};
    }
    // RFC 5321 4.1.1.4: <LF>.<LF> MUST NOT be taken for the end of data. Nor is its kin, but some other
    // server on the way may have thought so: whether a line end of any kind follows decides.
    if (dot + 1 == input.size()) {
      at_ = At::kStrayDot;
    } else {
      ambiguous_dot_line_ |= line_end_octet(input[dot + 1]);
    }
  }
  before_ = before(input, input.size());
  return {input.size(), input, false};
}

DataReader::Piece DataReader::after_dot(std::string_view input) {
  if (input.front() == '\r') {
    at_ = At::kDotCr;
    return {1, {}, false};
  }
  ambiguous_dot_line_ |= input.front() == '\n';
  at_ = At::kText;
  before_ = Before::kText;  // the octet before is a dot that was taken out: a dot that follows it is text
  return text(input);
}

DataReader::Piece DataReader::after_dot_cr(std::string_view input) {
  // RFC 5321 4.1.1.4: this, and nothing else, ends the body.
  if (input.front() == '\n') return {1, {}, true};
  ambiguous_dot_line_ = true;
  at_ = At::kText;
  before_ = Before::kCr;
  return {0, "\r", false};
}

DataReader::Before DataReader::before(std::string_view input, std::size_t position) const {
  if (position == 0) return before_;
  const char last = input[position - 1];
  if (last == '\r') return Before::kCr;
  if (last != '\n') return Before::kText;
  const bool after_cr = position > 1 ? input[position - 2] == '\r' : before_ == Before::kCr;
  return after_cr ? Before::kCrLf : Before::kBareLf;
}

}  // namespace guichet::smtpd
