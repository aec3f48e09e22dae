#include "conf/document.h"

// Header-only, so that the executable needs no library that only this file would use; costly to compile,
// so included nowhere else.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

namespace guichet::conf {
namespace {

enum class Lines { keep, zero };

Node convert(const toml::node& from, Lines lines);

Table convert_table(const toml::table& from, Lines lines) {
  Table table;
  for (const auto& [key, node] : from)
    table.push_back({std::string(key.str()), convert(node, lines)});
  return table;
}

List convert_array(const toml::array& from, Lines lines) {
  List list;
  for (const toml::node& node : from)
    list.push_back(convert(node, lines));
  return list;
}

Foreign foreign(const toml::node& from) {
  if (from.is_floating_point()) return {"a float"};
  return {"a date or time"};
}

Node convert(const toml::node& from, Lines lines) {
  const int line = lines == Lines::keep ? static_cast<int>(from.source().begin.line) : 0;
  if (const auto* flag = from.as_boolean()) return {line, flag->get()};
  if (const auto* number = from.as_integer()) return {line, number->get()};
  if (const auto* text = from.as_string()) return {line, text->get()};
  if (const auto* array = from.as_array()) return {line, convert_array(*array, lines)};
  if (const auto* table = from.as_table()) return {line, convert_table(*table, lines)};
  return {line, foreign(from)};
}

SyntaxError convert_error(const toml::parse_error& error) {
  return {static_cast<int>(error.source().begin.line), std::string(error.description())};
}

template <typename Container>
auto* find_in(Container& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Member::name);
  return found == table.end() ? nullptr : &found->node;
}

struct TypeName {
  std::string_view operator()(const Foreign& foreign) const { return foreign.type; }
  std::string_view operator()(bool) const { return "a boolean"; }
  std::string_view operator()(std::int64_t) const { return "an integer"; }
  std::string_view operator()(const std::string&) const { return "a string"; }
  std::string_view operator()(const List&) const { return "an array"; }
  std::string_view operator()(const Table&) const { return "a table"; }
};

}  // namespace

tl::expected<Table, SyntaxError> parse_document(std::string_view toml) {
  const toml::parse_result parsed = toml::parse(toml);
  if (!parsed) return tl::unexpected(convert_error(parsed.error()));
  return convert_table(parsed.table(), Lines::keep);
}

tl::expected<Node, SyntaxError> parse_value(std::string_view toml) {
  const toml::parse_result parsed = toml::parse("value = " + std::string(toml));
  if (!parsed) return tl::unexpected(convert_error(parsed.error()));
  if (parsed.table().size() != 1) return tl::unexpected(SyntaxError{0, "more than one value"});
  return convert(*parsed.table().get("value"), Lines::zero);
}

std::string_view type_name(const Node& node) {
  return std::visit(TypeName{}, node.value);
}

const Node* find(const Table& table, std::string_view name) {
  return find_in(table, name);
}
Node* find(Table& table, std::string_view name) {
  return find_in(table, name);
}

}  // namespace guichet::conf
