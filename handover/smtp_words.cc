#include "handover/smtp_words.h"

#include <algorithm>

#include "store/facts.h"

namespace guichet::handover {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

// "250-SIZE 1000" announces SIZE.
std::string keyword_of(std::string_view line) {
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));
  return upper_case(line.substr(0, line.find_first_of(" =")));
}

std::optional<std::string> obstacle_in(const char* whose, const std::string& address, bool utf8_announced) {
  if (std::ranges::any_of(address, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return std::string("the address of the ") + whose + " holds control characters: no server takes it";
  if (is_ascii(address)) return std::nullopt;
  if (!store::is_utf8(address))
    return std::string("the address of the ") + whose + " is neither ASCII nor UTF-8: no server takes it";
  if (utf8_announced) return std::nullopt;
  return std::string("the address of the ") + whose +
         " is not ASCII, and the next server does not announce SMTPUTF8 (RFC 6531)";
}

}  // namespace

SmtpExtensions extensions_of(std::string_view reply) {
  SmtpExtensions found;
  // The first line is a greeting, whatever it says.
  for (auto end = reply.find('\n'); end != std::string_view::npos; end = reply.find('\n')) {
    reply.remove_prefix(end + 1);
    const auto keyword = keyword_of(reply.substr(0, reply.find('\n')));
    found.size = found.size || keyword == "SIZE";
    found.eight_bit_mime = found.eight_bit_mime || keyword == "8BITMIME";
    found.utf8 = found.utf8 || keyword == "SMTPUTF8";
  }
  return found;
}

std::optional<std::string> obstacle_of(const SmtpEnvelope& envelope, const SmtpExtensions& next) {
  if (auto obstacle = obstacle_in("sender", envelope.mail_from, next.utf8)) return obstacle;
  return obstacle_in("recipient", envelope.recipient, next.utf8);
}

std::string mail_command(const SmtpEnvelope& envelope, const SmtpExtensions& next) {
  std::string command = "MAIL FROM:<" + envelope.mail_from + ">";
  if (next.size) command += " SIZE=" + std::to_string(envelope.size_octets);
  if (next.eight_bit_mime) command += " BODY=8BITMIME";
  const bool needed =
      envelope.utf8_declared || !is_ascii(envelope.mail_from) || !is_ascii(envelope.recipient);
  if (next.utf8 && needed) command += " SMTPUTF8";
  return command;
}

Outcome::Kind meaning_of_reply(int reply, std::string_view command) {
  const bool about_the_message =
      command.starts_with("MAIL") || command.starts_with("RCPT") || command.starts_with("DATA");
  if (!about_the_message || reply < 400 || reply == 421) return Outcome::Kind::unreachable;
  return reply < 500 ? Outcome::Kind::refused_for_now : Outcome::Kind::refused_for_good;
}

void DotStuffing::feed(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    if (at_line_start_ && octets.front() == '.') out += '.';
    const auto feed = octets.find('\n');
    const auto line = octets.substr(0, feed == std::string_view::npos ? feed : feed + 1);
    out += line;
    at_line_start_ = line.back() == '\n';
    octets.remove_prefix(line.size());
  }
}

// Octets without a line end at their end do not occur; were it otherwise, the dot must not be lost in them.
void DotStuffing::finish(std::string& out) const {
  out += at_line_start_ ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace guichet::handover
