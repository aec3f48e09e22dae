#include "filters/mime_grammar.h"

#include <algorithm>
#include <array>
#include <optional>

#include "filters/ascii.h"
#include "filters/message.h"
#include "filters/mime_charset.h"
#include "filters/mime_words.h"

namespace guichet::filters {
namespace {

constexpr std::string_view white = " \t\r\n";
constexpr std::size_t token_octets_max = 255;  // RFC 6838 4.2: two names of 127, and a slash
constexpr std::size_t charset_octets_max = 100;

// Walks over a field's value on one line.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  StructuredField run() {
    StructuredField field;
    field.value = lower_case(trimmed(without_comments(';')));
    if (field.value.size() > token_octets_max) field.value.clear();
    while (take(';') && !field.too_many) {
      auto parameter = read_parameter();
      if (parameter.name.empty()) continue;
      field.too_many = field.parameters.size() == parameters_max;
      if (!field.too_many) field.parameters.push_back(std::move(parameter));
    }
    return field;
  }

 private:
  [[nodiscard]] bool more() const { return at_ < text_.size(); }

  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // RFC 5322 3.2.2: comments nest.
  void skip_comment() {
    std::size_t depth = 0;
    do {
      const char c = text_[at_++];
      if (c == '\\' && more()) ++at_;
      if (c == '(') ++depth;
      if (c == ')') --depth;
    } while (more() && depth > 0);
  }

  void skip_white() {
    while (more() && (white.find(text_[at_]) != std::string_view::npos || text_[at_] == '('))
      text_[at_] == '(' ? skip_comment() : static_cast<void>(++at_);
  }

  // Up to a semicolon, or to `end`, which may be one.
  std::string without_comments(char end) {
    std::string out;
    while (more() && text_[at_] != ';' && text_[at_] != end)
      text_[at_] == '(' ? skip_comment() : out.push_back(text_[at_++]);
    return out;
  }

  Parameter read_parameter() {
    Parameter parameter;
    parameter.name = lower_case(trimmed(without_comments('=')));
    if (!take('=')) return {};
    skip_white();
    parameter.value = more() && text_[at_] == '"' ? quoted() : unquoted(parameter.name);
    at_ = std::min(text_.find(';', at_), text_.size());  // junk after it
    return parameter;
  }

  // One that is never closed goes to the field's end.
  std::string quoted() {
    std::string out;
    for (++at_; more() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out.push_back(text_[at_]);
    }
    if (more()) ++at_;
    return out;
  }

  // A token, or a file name whose sender forgot the quotes: "name=rapport annuel (1).pdf".
  std::string unquoted(std::string_view name) {
    const auto end = std::min(text_.find(';', at_), text_.size());
    auto value = trimmed(text_.substr(at_, end - at_));
    const bool is_file = name.starts_with("name") || name.starts_with("filename");
    if (!is_file) value = value.substr(0, value.find_first_of(" \t("));
    at_ = end;
    return std::string(value);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

// RFC 2231 3 and 4.1: "*2*" behind the name.
struct Section {
  std::size_t number = 0;
  bool extended = false;  // its octets are percent-encoded
};

std::optional<Section> section_of(std::string_view marks) {
  Section section;
  if (marks == "*") return Section{0, true};
  if (!marks.starts_with('*')) return std::nullopt;
  marks.remove_prefix(1);
  section.extended = marks.ends_with('*');
  if (section.extended) marks.remove_suffix(1);
  if (marks.empty() || marks.size() > 3) return std::nullopt;
  for (const char c : marks) {
    if (c < '0' || c > '9') return std::nullopt;
    section.number = section.number * 10 + static_cast<std::size_t>(c - '0');
  }
  if (section.number >= parameters_max) return std::nullopt;
  return section;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool pair = text[at] == '%' && at + 2 < text.size();
    const int high = pair ? hex_digit(text[at + 1]) : -1, low = pair ? hex_digit(text[at + 2]) : -1;
    const bool encoded = high >= 0 && low >= 0;
    out.push_back(encoded ? static_cast<char>(high * 16 + low) : text[at]);
    if (encoded) at += 2;
  }
  return out;
}

struct Extended {
  std::string octets, charset;
};

// RFC 2231 4: charset'language'octets, in the first section only.
std::string_view without_charset(std::string_view value, std::string& charset) {
  const auto first = value.find('\'');
  const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return value;
  if (first <= charset_octets_max) charset = value.substr(0, first);
  return value.substr(second + 1);
}

// The sections of a parameter from 0 on without a gap; nullopt: it has none.
std::optional<Extended> joined(const std::vector<Parameter>& parameters, std::string_view name) {
  struct Piece {
    std::string_view value;
    bool extended = false;
  };
  std::array<std::optional<Piece>, parameters_max> pieces;
  for (const auto& parameter : parameters) {
    if (!parameter.name.starts_with(name)) continue;
    const auto section = section_of(std::string_view(parameter.name).substr(name.size()));
    if (section && !pieces[section->number])
      pieces[section->number] = Piece{parameter.value, section->extended};
  }
  if (!pieces[0]) return std::nullopt;
  Extended all;
  if (pieces[0]->extended) pieces[0]->value = without_charset(pieces[0]->value, all.charset);
  for (const auto& piece : pieces) {
    if (!piece) break;
    all.octets += piece->extended ? percent_decoded(piece->value) : std::string(piece->value);
  }
  return all;
}

const std::string* plain(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &found->value;
}

}  // namespace

std::string StructuredField::octets(std::string_view name) const {
  if (const auto all = joined(parameters, name)) return all->octets;
  const auto* found = plain(parameters, name);
  return found ? *found : std::string();
}

std::string StructuredField::text(std::string_view name) const {
  const auto all = joined(parameters, name);
  if (all && all->charset.empty()) return decoded_words(all->octets, name_octets_max);
  if (all) return one_line(to_utf8(all->octets, all->charset, 4 * name_octets_max), name_octets_max);
  const auto* found = plain(parameters, name);
  return found ? decoded_words(*found, name_octets_max) : std::string();
}

StructuredField parse_structured(std::string_view field_value) {
  return Reader(unfolded(field_value)).run();
}

std::string first_token(std::string_view field_value) {
  const auto value = parse_structured(field_value).value;
  return value.substr(0, value.find_first_of(" \t,"));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace guichet::filters
