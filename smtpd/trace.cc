// The trace fields (RFC 5321 4.4). What the client said of itself goes into them only after it has been made
// harmless: HELO may hold an address, a bracket or a line end, and Alaveteli looks for addresses in Received.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "smtpd/address.h"
#include "smtpd/ascii.h"
#include "smtpd/envelope.h"
#include "store/facts.h"

namespace guichet::smtpd {
namespace {

// A name or an address literal; everything else becomes '?'.
std::string harmless_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
  std::string out(name.substr(0, 255));
  std::replace_if(
      out.begin(), out.end(), [&](char c) { return allowed.find(c) == std::string_view::npos; }, '?');
  return out.empty() ? "unknown" : out;
}

// RFC 5322 3.2.3, and all that is not ASCII.
bool is_atext(char c) {
  constexpr std::string_view signs = "!#$%&'*+-/=?^_`{|}~.";
  const auto octet = static_cast<unsigned char>(c);
  return ascii_letter(c) || (c >= '0' && c <= '9') || octet >= 0x80 ||
         signs.find(c) != std::string_view::npos;
}

// A comma, a parenthesis or a blank would make two addresses of one, or a comment: what is no atom is quoted.
std::string quoted_where_needed(std::string_view local_part) {
  if (std::all_of(local_part.begin(), local_part.end(), is_atext)) return std::string(local_part);
  std::string out = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_domain_octet(char c) {
  return is_atext(c) || c == '[' || c == ']' || c == ':';
}

// An address for a field: one address, no control octets, no brackets, text rather than octets.
std::string harmless_address(std::string_view address) {
  if (address.empty()) return {};
  const auto read = parse_path("<" + std::string(address) + ">");
  const auto at = std::min(address.rfind('@'), address.size());  // of what cannot be read: an imported one
  std::string out = quoted_where_needed(read ? read->path.local_part : address.substr(0, at));
  auto domain = read ? read->path.domain : std::string(address.substr(std::min(at + 1, address.size())));
  std::replace_if(
      domain.begin(), domain.end(), [](char c) { return !is_domain_octet(c); }, '?');
  if (!domain.empty()) out += "@" + domain;
  const bool text = store::is_utf8(out);
  std::replace_if(
      out.begin(), out.end(),
      [text](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet < 0x20 || octet == 0x7f || c == '<' || c == '>' || (octet >= 0x80 && !text);
      },
      '?');
  return out;
}

// RFC 5322 3.3, in UTC.
std::string date_time(store::Instant instant) {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(instant.unix_us / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

std::string_view address_literal_tag(std::string_view address) {
  return address.find(':') == std::string_view::npos ? "[" : "[IPv6:";
}

// RFC 5321 4.4 TCP-info, as Postfix writes it: the name is there only when its owner's DNS vouches for it, or
// a neighbour of ours has looked it up.
void add_client(std::string& out, const Envelope& envelope) {
  if (envelope.reverse_name_state == "verified")
    out.append(harmless_name(envelope.reverse_name)).append(" ");
  else if (!envelope.client_name.empty())
    out.append(harmless_name(envelope.client_name)).append(" ");
  if (envelope.client.empty()) {
    out.append("[unknown]");
  } else {
    out.append(address_literal_tag(envelope.client)).append(envelope.client).append("]");
  }
}

// RFC 5321 4.4: from, by, with (RFC 3848), id, for; one recipient only, this delivery's. The session is in
// the comment, so that an authority's copy of a header leads to our log.
void add_received(std::string& out, const Envelope& envelope, const Trace& trace,
                  std::string_view recipient) {
  out.append("Received: ");
  if (envelope.client.empty() && envelope.told_by.empty()) {  // from a mailbox: there was no session
    out.append("by ").append(trace.hostname).append(" (Guichet, imported)\r\n\tid ");
  } else {
    out.append("from ").append(harmless_name(envelope.helo));
    out.append(" (");
    add_client(out, envelope);
    out.append(")\r\n\tby ").append(trace.hostname).append(" (Guichet");
    if (!envelope.session.empty()) out.append(", session ").append(envelope.session);
    if (!envelope.via.empty()) out.append(", told by [").append(envelope.via).append("]");
    out.append(") with ").append(envelope.protocol).append("\r\n\tid ");
  }
  trace.message.uuid.append_text(out);
  out.append("\r\n\tfor <").append(recipient).append(">; ").append(date_time(trace.received)).append("\r\n");
}

}  // namespace

std::string compose_prefix(const Envelope& envelope, const Trace& trace) {
  const auto recipient = harmless_address(trace.recipient);
  std::string out;
  out.reserve(768);
  out.append("Return-Path: <").append(harmless_address(envelope.mail_from)).append(">\r\n");
  out.append("Envelope-To: ").append(recipient).append("\r\n");
  out.append("X-Original-To: ").append(recipient).append("\r\n");
  add_received(out, envelope, trace, recipient);
  out.append(trace.judged_fields);
  // RFC 8601 2.2: "none" when no method was applied. A trusted upstream's own say would be below it.
  if (trace.judged_fields.empty() && !envelope.trusted_upstream)
    out.append("Authentication-Results: ").append(trace.hostname).append("; none\r\n");
  out.append("X-Guichet-Id: ");
  trace.message.uuid.append_text(out);
  out.append("\r\nX-Guichet-Digest: sha256:");
  trace.digest.append_hex(out);
  out.append("\r\n");
  if (!trace.add_message_id) return out;
  // Alaveteli tells duplicates by this field alone; derived from the octets, so a retry gets the same.
  out.append("Message-ID: <");
  trace.digest.append_hex(out);
  return out.append("@").append(trace.hostname).append(">\r\n");
}

}  // namespace guichet::smtpd
