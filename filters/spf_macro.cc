#include "filters/spf_macro.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

constexpr std::string_view letters_anywhere = "slodipvh";
constexpr std::string_view letters_of_text = "slodipvhcrt";  // RFC 7208 7.2: c, r, t only in "exp" text
constexpr std::string_view delimiters_known = ".-+,/_=";     // RFC 7208 7.1 delimiter

bool visible(char c) {
  return c > ' ' && c <= '~';
}

// Reads a text from its front; what it has not read yet is `rest_`.
class Parser {
 public:
  Parser(std::string_view text, std::string_view letters, bool spaces)
      : rest_(text), letters_(letters), spaces_(spaces) {}

  SpfParsed<SpfMacroString> parse() {
    while (!rest_.empty()) {
      auto wrong = rest_.front() == '%' ? expand() : literal();
      if (wrong) return tl::unexpected(std::move(*wrong));
    }
    return std::move(made_);
  }

 private:
  using Wrong = std::optional<std::string>;

  // RFC 7208 7.1 macro-literal: %x21-24 / %x26-7E
  Wrong literal() {
    const char c = rest_.front();
    if (!visible(c) && !(spaces_ && c == ' '))
      return "an octet that is not printable US-ASCII in \"" + spf_quoted(rest_) + "\"";
    rest_.remove_prefix(1);
    append({&c, 1});
    return std::nullopt;
  }

  void append(std::string_view text) {
    if (made_.pieces.empty() || !std::holds_alternative<std::string>(made_.pieces.back()))
      made_.pieces.emplace_back(std::string());
    std::get<std::string>(made_.pieces.back()).append(text);
  }

  // RFC 7208 7.1 macro-expand
  Wrong expand() {
    const auto whole = rest_;
    const char second = rest_.size() > 1 ? rest_[1] : '\0';
    rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
    if (second == '{') return macro(whole);
    if (second == '%')
      append("%");
    else if (second == '_')
      append(" ");
    else if (second == '-')
      append("%20");
    else
      return "a % that begins no macro: \"" + spf_quoted(whole) + "\"";
    return std::nullopt;
  }

  // macro-letter transformers *delimiter "}"
  Wrong macro(std::string_view whole) {
    SpfMacro macro;
    const char written = rest_.empty() ? '\0' : rest_.front();
    macro.letter = lower(written);
    macro.url_escaped = written != macro.letter;
    if (letters_.find(macro.letter) == std::string_view::npos)
      return "no such macro letter here: \"" + spf_quoted(whole) + "\"";
    rest_.remove_prefix(1);
    if (!count_of_parts(macro)) return "a macro that keeps 0 parts: \"" + spf_quoted(whole) + "\"";
    if (!rest_.empty() && lower(rest_.front()) == 'r') {
      macro.reversed = true;
      rest_.remove_prefix(1);
    }
    const auto end = std::min(rest_.find_first_not_of(delimiters_known), rest_.size());
    macro.delimiters = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (rest_.empty() || rest_.front() != '}')
      return "a macro without its end: \"" + spf_quoted(whole) + "\"";
    rest_.remove_prefix(1);
    made_.pieces.emplace_back(std::move(macro));
    return std::nullopt;
  }

  // RFC 7208 7.3: the number is not zero. No text has as many parts as the largest we can count to, so that
  // one means all just as well as a larger one.
  bool count_of_parts(SpfMacro& macro) {
    if (rest_.empty() || !is_digit(rest_.front())) return true;
    constexpr auto most = std::numeric_limits<std::size_t>::max() / 16;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1))
      macro.parts_kept =
          std::min(most, macro.parts_kept * 10 + static_cast<std::size_t>(rest_.front() - '0'));
    return macro.parts_kept > 0;
  }

  std::string_view rest_;
  std::string_view letters_;
  bool spaces_;
  SpfMacroString made_;
};

// RFC 7208 7.1 toplabel: letters, digits and dashes; no dash at either end; not digits alone.
bool toplabel(std::string_view label) {
  if (label.empty() || !is_alphanumeric(label.front()) || !is_alphanumeric(label.back())) return false;
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-'; };
  return std::ranges::all_of(label, allowed) && !std::ranges::all_of(label, is_digit);
}

// RFC 7208 7.1 domain-end: "." toplabel [ "." ]. A toplabel alone is no domain.
bool ends_like_a_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto dot = text.rfind('.');
  return dot != std::string_view::npos && toplabel(text.substr(dot + 1));
}

// RFC 7208 7.1 domain-end: macro-expand. The text is well-formed, and must be read from its front: "%%-" does
// not end in "%-".
bool ends_in_a_macro(std::string_view text) {
  bool macro = false;
  while (!text.empty()) {
    macro = text.front() == '%';
    std::size_t length = 1;
    if (macro) length = text[1] == '{' ? text.find('}') + 1 : 2;
    text.remove_prefix(length);
  }
  return macro;
}

std::string raw_value(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's':
      return values.local_part + "@" + values.sender_domain;
    case 'l':
      return values.local_part;
    case 'o':
      return values.sender_domain;
    case 'd':
      return values.domain;
    case 'i':
      return dotted(values.client);
    case 'p':
      return values.validated_name;
    case 'v':
      return values.client.v4() ? "in-addr" : "ip6";
    case 'h':
      return values.helo;
    case 'c':
      return to_text(values.client);
    case 'r':
      return values.receiver.empty() ? "unknown" : values.receiver;  // RFC 7208 7.3
    case 't':
      return std::to_string(values.received_unix_s);
    default:
      return "";
  }
}

// The first, or the last, so many parts of a value, with the delimiters between them.
std::string_view first_parts(std::string_view value, std::size_t parts, std::string_view delimiters) {
  for (std::size_t at = 0;; ++at) {
    at = value.find_first_of(delimiters, at);
    if (at == std::string_view::npos) return value;
    if (--parts == 0) return value.substr(0, at);
  }
}

std::string_view last_parts(std::string_view value, std::size_t parts, std::string_view delimiters) {
  for (std::size_t end = value.size(); end > 0;) {
    const auto at = value.find_last_of(delimiters, end - 1);
    if (at == std::string_view::npos) return value;
    if (--parts == 0) return value.substr(at + 1);
    end = at;
  }
  return value;
}

std::string reversed_parts(std::string_view value, std::string_view delimiters) {
  std::string made;
  made.reserve(value.size());
  for (;;) {
    const auto at = value.find_last_of(delimiters);
    if (at == std::string_view::npos) return made.append(value);
    made.append(value.substr(at + 1)).append(".");
    value = value.substr(0, at);
  }
}

// RFC 7208 7.3: split, reverse, keep the right-hand parts, join with dots whatever they were split at. Parts
// may be empty: several delimiters in a row are nothing special. What is kept is found before it is reversed,
// so that the work is that of the result: a thousand macros may each take one part of a thousand.
std::string transformed(std::string_view value, const SpfMacro& macro) {
  std::string_view delimiters = macro.delimiters;
  if (delimiters.empty()) delimiters = ".";
  if (macro.parts_kept > 0)
    value = (macro.reversed ? first_parts : last_parts)(value, macro.parts_kept, delimiters);
  if (macro.reversed) return reversed_parts(value, delimiters);
  std::string made(value);
  std::ranges::replace_if(
      made, [&](char c) { return delimiters.find(c) != std::string_view::npos; }, '.');
  return made;
}

// RFC 3986 2.3 unreserved stays; the octets are taken as unsigned, or 8-bit ones would become %FFFFFFE9.
std::string url_escaped(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~')
      made += c;
    else
      made.append({'%', digits[octet >> 4], digits[octet & 15]});
  }
  return made;
}

std::string expanded(const SpfPiece& piece, const SpfMacroValues& values) {
  if (const auto* text = std::get_if<std::string>(&piece)) return *text;
  const auto& macro = std::get<SpfMacro>(piece);
  auto value = transformed(raw_value(macro.letter, values), macro);
  return macro.url_escaped ? url_escaped(value) : value;
}

}  // namespace

bool SpfMacroString::mentions(char letter) const {
  return std::ranges::any_of(pieces, [letter](const SpfPiece& piece) {
    const auto* macro = std::get_if<SpfMacro>(&piece);
    return macro && macro->letter == letter;
  });
}

SpfParsed<SpfMacroString> parse_domain_spec(std::string_view text) {
  if (text.empty()) return tl::unexpected<std::string>("a domain is missing");
  auto parsed = Parser(text, letters_anywhere, false).parse();
  if (parsed && !ends_in_a_macro(text) && !ends_like_a_domain(text))
    return tl::unexpected("no domain ends like \"" + spf_quoted(text) + "\"");
  return parsed;
}

SpfParsed<SpfMacroString> parse_macro_string(std::string_view text) {
  return Parser(text, letters_of_text, false).parse();
}

SpfParsed<SpfMacroString> parse_explain_string(std::string_view text) {
  return Parser(text, letters_of_text, true).parse();
}

// From the last piece to the first, and no further than what can be kept: thousands of macros cost nothing.
std::string expand_domain(const SpfMacroString& spec, const SpfMacroValues& values) {
  std::string name;
  for (auto piece = spec.pieces.rbegin(); piece != spec.pieces.rend(); ++piece) {
    name.insert(0, expanded(*piece, values));
    if (name.size() > spf_domain_octets_max + 1) break;  // one more for a dot at the end
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.size() <= spf_domain_octets_max) return name;
  const auto dot = name.find('.', name.size() - spf_domain_octets_max - 1);
  return dot == std::string::npos ? "" : name.substr(dot + 1);
}

std::string expand_text(const SpfMacroString& text, const SpfMacroValues& values, std::size_t octets_max) {
  std::string made;
  for (const auto& piece : text.pieces) {
    made += expanded(piece, values);
    if (made.size() >= octets_max) break;
  }
  return made.substr(0, octets_max);
}

std::string spf_quoted(std::string_view text) {
  constexpr std::size_t octets_max = 60;
  std::string made(text.substr(0, octets_max));
  std::ranges::replace_if(
      made, [](char c) { return !visible(c) && c != ' '; }, '?');
  return text.size() > octets_max ? made + "..." : made;
}

}  // namespace guichet::filters
