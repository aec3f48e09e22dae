#include "smtpd/reply.h"

#include <algorithm>
#include <cstddef>

namespace guichet::smtpd {

namespace {

// RFC 5321 4.5.3.1.5: a reply line has 512 octets at most, the code and the CRLF included.
constexpr std::size_t kLineOctetsMax = 512;

// RFC 5321 4.2.1: textstring is HTAB and printable ASCII. UTF-8 is only for clients that asked for SMTPUTF8,
// so no reply has it, and no CR or LF of a client's own making can begin a line here.
char printable(char c) {
  return (c >= ' ' && c <= '~') || c == '\t' ? c : '?';
}

void append_line(std::string& out, const Reply& reply, std::string_view text, bool last) {
  const auto begin = out.size();
  out.append(std::to_string(reply.code)).append(1, last ? ' ' : '-');
  // RFC 2034 4: the enhanced code stands on every line of a multi-line reply.
  if (!reply.enhanced.empty()) out.append(reply.enhanced).append(1, ' ');
  out.append(text);
  out.resize(std::min(out.size(), begin + kLineOctetsMax - 2));
  const auto line = out.begin() + static_cast<std::ptrdiff_t>(begin);
  std::transform(line, out.end(), line, printable);
  out.append("\r\n");
}

}  // namespace

Reply softened(Reply reply) {
  const bool about_a_word = reply.code == 500 || reply.code == 502 || reply.code == 503;
  if (reply.code < 500 || about_a_word) return reply;
  reply.code = reply.code == 552 ? 452 : 450;
  if (reply.enhanced.starts_with('5')) reply.enhanced.front() = '4';
  return reply;
}

std::string Reply::octets() const {
  std::string out;
  out.reserve(text.size() + 32);
  std::string_view rest = text;
  for (auto lf = rest.find('\n'); lf != std::string_view::npos; lf = rest.find('\n')) {
    append_line(out, *this, rest.substr(0, lf), false);
    rest.remove_prefix(lf + 1);
  }
  append_line(out, *this, rest, true);
  return out;
}

std::string Reply::line() const {
  std::string line = octets();
  line.resize(line.size() - 2);
  for (auto at = line.find("\r\n"); at != std::string::npos; at = line.find("\r\n", at))
    line.replace(at, 2, " / ");
  return line;
}

}  // namespace guichet::smtpd
