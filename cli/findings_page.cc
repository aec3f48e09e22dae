#include "cli/findings_page.h"

#include <iostream>
#include <string>
#include <string_view>

#include "cli/message_facts.h"
#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t name_columns = 15;

void line(std::string_view name, std::string_view value) {
  std::cout << left("  " + plain(name), name_columns) << "  " << plain(value) << '\n';
}

// Whatever it is, as text.
std::string text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_line(value);
}

const Json& member(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

// "pass  domain interieur.gouv.fr, terms 2": the result, and then every other member.
std::string result_line(const Json& finding, const char* result_name = "result") {
  std::string details;
  for (const auto& [name, value] : finding.items()) {
    if (name == result_name || value.is_structured()) continue;
    std::string words = name;
    for (char& c : words)
      if (c == '_') c = ' ';
    details += (details.empty() ? "  " : ", ") + words;
    if (value != true) details += " " + text(value);
  }
  return text(member(finding, result_name)) + details;
}

void print_one(const Json& findings, const char* name, const char* label) {
  if (const auto& finding = member(findings, name); finding.is_object()) line(label, result_line(finding));
}

void print_dkim(const Json& findings) {
  for (const auto& signature : member(findings, "dkim"))
    line("dkim", result_line(signature));
  if (member(findings, "dkim").empty() && member(findings, "dkim_done") == true)
    line("dkim", "none  no signature");
}

void print_spam(const Json& spam) {
  if (!spam.is_object()) return;
  if (spam.contains("unscanned")) return line("spam", "not known: " + text(member(spam, "why")));
  std::string words = text(member(spam, "score"));
  if (spam.contains("required_score")) words += " of " + text(spam["required_score"]);
  words += ", " + text(member(spam, "action"));
  for (std::size_t i = 0; const auto& symbol : member(spam, "symbols")) {
    constexpr std::size_t symbols_shown = 8;
    if (i++ == symbols_shown) break;
    words += (i == 1 ? "; " : ", ") + text(member(symbol, "name")) + " " + text(member(symbol, "score"));
  }
  line("spam", words);
}

void print_message(const Json& mime) {
  if (!mime.is_object()) return;
  for (const auto* name : {"subject", "from", "to", "date", "message_class"})
    if (mime.contains(name))
      line(name == std::string_view("message_class") ? "kind" : name, text(mime[name]));
}

std::string flags_of(const Json& part) {
  std::string words;
  for (const auto& flag : member(part, "flags"))
    words += (words.empty() ? "  [" : ", ") + text(flag);
  return words.empty() ? words : words + "]";
}

std::uint64_t size_of(const Json& part) {
  const auto* size = member(part, "size_octets").get_ptr<const Json::number_unsigned_t*>();
  return size ? *size : 0;
}

}  // namespace

void print_parts(const Json& findings) {
  const auto& mime = member(findings, "mime");
  constexpr std::size_t number_columns = 8, type_columns = 28, size_columns = 11;
  for (const auto& part : member(mime, "parts"))
    std::cout << "  " << left(plain(text(member(part, "number"))), number_columns) << "  "
              << left(plain(text(member(part, "type"))), type_columns) << "  "
              << right(std::to_string(size_of(part)), size_columns) << "  "
              << plain(part.contains("name") ? text(part["name"]) : "") << plain(flags_of(part)) << '\n';
  if (const auto& why = member(mime, "too_complex"); why.is_string())
    line("and more", "the list ends here: " + text(why));
}

void print_findings(const Json& findings) {
  if (const auto& words = member(findings, "words"); words.is_string()) line("in short", text(words));
  print_one(findings, "spf", "spf");
  print_dkim(findings);
  print_one(findings, "dmarc", "dmarc");
  print_one(findings, "reverse", "client's name");
  print_spam(member(findings, "spam"));
  print_one(findings, "virus", "viruses");
  for (const auto& error : member(findings, "errors"))
    line("not known", text(error));
  print_message(member(findings, "mime"));
  print_parts(findings);
  if (const auto& rule = member(findings, "rule"); rule.is_object())
    line("rule", text(member(rule, "name")) + ": " + text(member(rule, "action")));
}

}  // namespace guichet::cli
