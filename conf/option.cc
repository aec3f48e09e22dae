#include "conf/option.h"

#include <array>
#include <cstddef>

namespace guichet::conf {
namespace {

constexpr std::uint64_t grouped_min = 10'000;  // 9999 reads well without help

struct Multiple {
  std::uint64_t factor;
  std::string_view name;
};
constexpr std::array<Multiple, 4> multiples{
    {{1ull << 30, "GiB"}, {1ull << 20, "MiB"}, {1ull << 10, "KiB"}, {1'000'000, "MB"}}};

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  if (number < grouped_min) return text;
  for (std::size_t from_end = 3; from_end < text.size(); from_end += 4) {
    text.insert(text.size() - from_end, 1, '_');
  }
  return text;
}

// "256 MiB"; empty where that says nothing that the number does not.
std::string size_name(std::uint64_t amount, std::string_view unit) {
  if (unit != "octets" || amount == 0) return {};
  for (const auto& [factor, name] : multiples) {
    if (amount % factor == 0) return grouped(amount / factor).append(" ").append(name);
  }
  return {};
}

std::string with_unit(std::string text, std::string_view unit) {
  if (unit.empty()) return text;
  return text.append(" ").append(unit);
}

std::string described(const Shape& shape) {
  return std::string(shape.name).append(" (").append(shape.rule).append(")");
}

std::string joined(const Strings& texts) {
  std::string result;
  for (const std::string& text : texts) {
    if (!result.empty()) result += ", ";
    result += in_quotes(text);
  }
  return result;
}

struct Allowed {
  std::string operator()(const Flag&) const { return "true or false"; }
  std::string operator()(const Number& number) const { return "an integer, " + range_text(number); }
  std::string operator()(const Text& text) const { return "a string, " + described(*text.shape); }
  std::string operator()(const TextList& list) const {
    return "an array of strings, each " + described(*list.shape);
  }
  std::string operator()(const PathText&) const { return "a string, a path"; }
  std::string operator()(const Choice& choice) const { return "one of " + joined(choice.names); }
};

struct TomlText {
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(std::uint64_t number) const { return grouped(number); }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(const Strings& texts) const {
    return std::string("[").append(joined(texts)).append("]");
  }
};

}  // namespace

std::string allowed(const Form& form) {
  return std::visit(Allowed{}, form);
}

std::string range_text(const Number& number) {
  std::string range = with_unit(grouped(number.min) + " to " + grouped(number.max), number.unit);
  const std::string min = size_name(number.min, number.unit);
  const std::string max = size_name(number.max, number.unit);
  if (max.empty() || (min.empty() && number.min != 0)) return range;
  return range + " (" + (min.empty() ? "0" : min) + " to " + max + ")";
}

std::string amount_text(std::uint64_t amount, std::string_view unit) {
  const std::string name = size_name(amount, unit);
  return name.empty() ? grouped(amount) : grouped(amount) + " (" + name + ")";
}

std::string toml_text(const Value& value) {
  return std::visit(TomlText{}, value);
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace guichet::conf
