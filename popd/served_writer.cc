#include "popd/served_writer.h"

#include <cstddef>

namespace guichet::popd {

ServedWriter::ServedWriter(std::optional<std::uint64_t> body_lines) : body_lines_left_(body_lines) {}

bool ServedWriter::feed(std::string_view piece, std::string& out) {
  stuff(body_lines_left_ ? wanted(piece) : piece, out);
  return !enough_;
}

void ServedWriter::finish(std::string& out) {
  // RFC 1939 section 3: the final dot stands on a line of its own. The served form ends in CRLF; were it ever
  // damaged, the client would wait for a dot that it cannot see.
  if (!at_line_start_) out += "\r\n";
  out += ".\r\n";
}

// The part of the piece that TOP still takes.
std::string_view ServedWriter::wanted(std::string_view piece) {
  std::size_t taken = 0;
  while (!enough_) {
    const std::size_t feed = piece.find('\n', taken);
    if (feed == std::string_view::npos) {
      line_octets_ += piece.size() - taken;
      return piece;
    }
    line_octets_ += feed + 1 - taken;
    taken = feed + 1;
    end_line();
  }
  return piece.substr(0, taken);
}

// RFC 1939 section 7: the header, the blank line that separates it, then so many lines of the body.
void ServedWriter::end_line() {
  // With CRLF line ends a line of two octets is the blank one.
  const bool blank = line_octets_ == 2;
  line_octets_ = 0;
  if (!in_header_) {
    --*body_lines_left_;
  } else if (blank) {
    in_header_ = false;
  }
  enough_ = !in_header_ && *body_lines_left_ == 0;
}

// The search is for the dot and not for the line end before it: attachments in base64 hold no dot at all, and
// then memchr runs through the piece at once, where it would stop after every 76 octets for a line end. A dot
// inside a line sends it on to the end of that line, so that a message of nothing but dots is no slower.
void ServedWriter::stuff(std::string_view octets, std::string& out) {
  if (octets.empty()) return;
  std::size_t written = 0;
  for (std::size_t dot = octets.find('.'); dot != std::string_view::npos;) {
    // RFC 1939 section 3: a line that begins with the termination octet gets a second one.
    if (dot == 0 ? at_line_start_ : octets[dot - 1] == '\n') {
      out.append(octets, written, dot - written);
      out += '.';
      written = dot;
    }
    const std::size_t feed = octets.find('\n', dot);
    if (feed == std::string_view::npos) break;
    dot = octets.find('.', feed);
  }
  out.append(octets, written);
  at_line_start_ = octets.back() == '\n';
}

}  // namespace guichet::popd
