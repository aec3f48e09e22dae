#include "filters/mime_class.h"

#include <algorithm>
#include <array>

#include "filters/ascii.h"
#include "filters/mime_charset.h"
#include "filters/mime_extract.h"
#include "filters/mime_grammar.h"
#include "filters/mime_header.h"

namespace guichet::filters {
namespace {

constexpr std::size_t report_octets_max = 64 * 1024;  // of the machine-readable part, what is looked at

bool has_field(const Message& message, std::string_view name) {
  return std::ranges::any_of(message.fields,
                             [&](const auto& field) { return same_letters(field.name, name); });
}

std::string token_of(const Message& message, std::string_view name) {
  const auto values = message.values(name);
  return values.empty() ? std::string() : first_token(values.front());
}

// RFC 3464 2: the part after the one for people, or wherever it is.
std::string status_text(std::string_view octets, const std::vector<PartFinding>& parts) {
  const auto found = std::ranges::find_if(parts, [](const PartFinding& part) {
    return part.type == "message/delivery-status" || part.type == "message/global-delivery-status";
  });
  std::string text;
  if (found == parts.end()) return text;
  auto beginning = *found;
  beginning.length = std::min<std::uint64_t>(beginning.length, report_octets_max);
  static_cast<void>(extract(octets, beginning, [&](std::string_view piece) { text += piece; }));
  return text;
}

// RFC 3464 2.3.3: of each recipient one field "Action", in blocks between empty lines.
std::string class_of_report(std::string_view status) {
  bool good = false;
  while (!status.empty()) {
    const auto block = split(status);
    for (const auto action : block.values("Action")) {
      if (first_token(action) == "failed") return "bounce";
      good = true;
    }
    if (block.body.size() == status.size()) break;  // neither a field nor an empty line
    status = block.body;
  }
  return good ? "delivery-report" : "bounce";
}

// From: MAILER-DAEMON@..., "Mail Delivery System" <postmaster@...>
bool is_from_mail_system(const Message& message) {
  const auto values = message.values("From");
  if (values.empty()) return false;
  const auto from = lower_case(values.front());
  for (const std::string_view name : {"mailer-daemon@", "postmaster@"}) {
    const auto at = from.find(name);
    if (at != std::string::npos &&
        (at == 0 || std::string_view(" \t<").find(from[at - 1]) != std::string_view::npos))
      return true;
  }
  return false;
}

bool is_automatic(const Message& message) {
  if (has_field(message, "Auto-Submitted") && token_of(message, "Auto-Submitted") != "no") return true;
  if (token_of(message, "Precedence") == "auto_reply") return true;
  for (const auto name : {"X-Autoreply", "X-Autorespond", "X-Autoresponder"})
    if (has_field(message, name) && token_of(message, name) != "no") return true;
  return false;
}

// US-ASCII small letters, with the accents of French taken off; U+2019 is an apostrophe.
std::string folded(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 13> letters{{{"é", 'e'},
                                                                              {"É", 'e'},
                                                                              {"è", 'e'},
                                                                              {"È", 'e'},
                                                                              {"ê", 'e'},
                                                                              {"Ê", 'e'},
                                                                              {"à", 'a'},
                                                                              {"À", 'a'},
                                                                              {"ç", 'c'},
                                                                              {"Ç", 'c'},
                                                                              {"ô", 'o'},
                                                                              {"’", '\''},
                                                                              {"\u00A0", ' '}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = std::ranges::find_if(
        letters, [&](const auto& letter) { return text.substr(at).starts_with(letter.first); });
    out.push_back(found == letters.end() ? text[at] : found->second);
    at += found == letters.end() ? 1 : found->first.size();
  }
  return lower_case(out);
}

bool begins_like_absence(std::string_view subject) {
  static constexpr std::string_view beginnings[] = {"automatic reply",
                                                    "auto reply",
                                                    "auto-reply",
                                                    "autoreply",
                                                    "out of office",
                                                    "out of the office",
                                                    "out-of-office",
                                                    "reponse automatique",
                                                    "reponse auto",
                                                    "message d'absence",
                                                    "absence du bureau",
                                                    "absent du bureau",
                                                    "absente du bureau",
                                                    "notification d'absence",
                                                    "avis d'absence",
                                                    "absence",
                                                    "absent",
                                                    "en conges",
                                                    "conges"};
  const auto text = folded(subject);
  return std::ranges::any_of(beginnings,
                             [&](std::string_view beginning) { return text.starts_with(beginning); });
}

// Exchange marks what its rules and its assistant send with fields of its own.
bool is_out_of_office(const Message& message, std::string_view subject) {
  const bool by_exchange =
      has_field(message, "X-Auto-Response-Suppress") || has_field(message, "X-MS-Exchange-Inbox-Rules-Loop");
  return (by_exchange || is_automatic(message)) && begins_like_absence(subject);
}

}  // namespace

std::string message_class(std::string_view octets, const Message& message,
                          const std::vector<PartFinding>& parts, std::string_view subject) {
  const auto header = read_part_header(message, "text/plain");
  if (header.type == "multipart/report") {
    if (header.report_type == "disposition-notification") return "disposition";
    if (header.report_type == "delivery-status") return class_of_report(status_text(octets, parts));
  }
  if (is_from_mail_system(message) && has_field(message, "X-Failed-Recipients")) return "bounce";
  if (is_out_of_office(message, subject)) return "out-of-office";
  return is_automatic(message) ? "auto-reply" : "ordinary";
}

}  // namespace guichet::filters
