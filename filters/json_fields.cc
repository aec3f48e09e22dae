#include "filters/json_fields.h"

#include <algorithm>
#include <array>

namespace guichet::filters::json {
namespace {

// Deeper than any shape here, and more values than ten thousand parts have with all their flags. At worst
// they take 50 MB for as long as they are read.
constexpr std::size_t depth_max = 8;
constexpr std::size_t values_max = 600'000;

struct TypeWord {
  NameType type;
  std::string_view word;
};
constexpr std::array<TypeWord, 5> type_words{{{NameType::a, "A"},
                                              {NameType::ptr, "PTR"},
                                              {NameType::mx, "MX"},
                                              {NameType::txt, "TXT"},
                                              {NameType::aaaa, "AAAA"}}};
constexpr std::array<std::string_view, 3> outcome_words{"found", "nothing", "failed"};

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// A look at the brackets before a tree is built: a value of two octets becomes one of a hundred.
bool is_worth_parsing(std::string_view text) {
  std::size_t depth = 0, values = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text && c == '\\') ++i;
    if (c == '"') in_text = !in_text;
    if (in_text) continue;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    values += c == '[' || c == '{' || c == ',';
    if (depth > depth_max || values > values_max) return false;
  }
  return true;
}

}  // namespace

std::string utf8(std::string_view octets, std::size_t octets_max) {
  if (is_plain(octets.substr(0, octets_max))) return std::string(octets.substr(0, octets_max));
  // The library's own replacement, since it is the one whose reader will judge it.
  using nlohmann::json;
  auto text =
      json::parse(json(octets.substr(0, octets_max + 4)).dump(-1, ' ', false, json::error_handler_t::replace))
          .get<std::string>();
  if (text.size() <= octets_max) return text;
  auto end = octets_max;
  while (end > 0 && continues_character(text[end]))
    --end;
  text.resize(end);
  return text;
}

std::string_view word_of(AuthResult result) {
  return name_of(result);
}

std::string_view word_of(NameType type) {
  const auto found = std::ranges::find(type_words, type, &TypeWord::type);
  return found == type_words.end() ? "" : found->word;
}

std::string_view word_of(NameAnswer::Outcome outcome) {
  return outcome_words.at(static_cast<std::size_t>(outcome));
}

bool read_word(std::string_view word, AuthResult& result) {
  const auto found = auth_result_of(word);
  if (found) result = *found;
  return found.has_value();
}

bool read_word(std::string_view word, NameType& type) {
  const auto found = std::ranges::find(type_words, word, &TypeWord::word);
  if (found != type_words.end()) type = found->type;
  return found != type_words.end();
}

bool read_word(std::string_view word, NameAnswer::Outcome& outcome) {
  const auto found = std::ranges::find(outcome_words, word);
  if (found != outcome_words.end()) outcome = static_cast<NameAnswer::Outcome>(found - outcome_words.begin());
  return found != outcome_words.end();
}

tl::expected<nlohmann::json, std::string> parse(std::string_view text) {
  if (!is_worth_parsing(text))
    return tl::unexpected(std::string("JSON that is too deep, or of too many values"));
  auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return tl::unexpected(std::string("not JSON"));
  return value;
}

const nlohmann::json* Reader::find(const char* name) const {
  if (!error_.empty()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

const nlohmann::json* Reader::find_list(const char* name, std::size_t count_max) {
  const auto* found = find(name);
  if (!found) return nullptr;
  if (found->is_array() && found->size() <= count_max) return found;
  wrong(name, found->is_array() ? "is too long a list" : "is not a list");
  return nullptr;
}

void Reader::read_text(const char* name, const nlohmann::json& found, std::string& value,
                       std::size_t octets_max) {
  if (!found.is_string()) return wrong(name, "is not text");
  const auto& text = found.get_ref<const std::string&>();
  if (text.size() > octets_max) return wrong(name, "is too long");
  value = text;
}

void Reader::wrong(const char* name, const std::string& why) {
  if (error_.empty()) error_ = std::string(name) + (why.starts_with("is ") ? " " : ": ") + why;
}

}  // namespace guichet::filters::json
