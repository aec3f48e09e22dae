#include "conf/override.h"

#include <optional>
#include <string>

#include "conf/declaration.h"

namespace guichet::conf {
namespace {

struct Target {
  std::string_view section;
  std::string_view key;  // empty: the section as a whole
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

Target split(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {name, {}};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

const Option* declared(const Target& target) {
  const Section* section = find_section(target.section);
  return section == nullptr ? nullptr : find_option(*section, target.key);
}

bool takes_string(const Option& option) {
  return std::holds_alternative<Text>(option.form) || std::holds_alternative<PathText>(option.form) ||
         std::holds_alternative<Choice>(option.form);
}

std::string name_of(const Target& target) {
  std::string name(target.section);
  return target.key.empty() ? name : name.append(".").append(target.key);
}

// [[site]] has no one table that "site.domain" could mean, and "smtpd=" would undo all of the file's [smtpd].
bool check_target(const Target& target, Report& report) {
  const Section* section = find_section(target.section);
  const bool repeated = section != nullptr && section->repeated();
  if (repeated == target.key.empty()) return true;
  const std::string name(target.section);
  const std::string several = ": there can be several [[" + name + "]]; allowed is " + name + "=[{...}, ...]";
  const std::string no_key = ": names no key; allowed is SECTION.KEY=VALUE";
  report.mistake_in_override(name_of(target) + (repeated ? several : no_key));
  return false;
}

std::optional<Node> parse_target_value(const Target& target, std::string_view text, Report& report) {
  auto parsed = parse_value(text);
  if (parsed) return std::move(*parsed);
  const Option* option = declared(target);
  if (option != nullptr && takes_string(*option)) return Node{0, std::string(text)};
  const std::string what = option == nullptr ? "a value in TOML" : allowed(option->form);
  report.mistake_in_override(name_of(target) + ": " + std::string(text) + " is not TOML; allowed is " + what);
  return std::nullopt;
}

void assign(Table& table, std::string_view name, Node node) {
  if (Node* present = find(table, name))
    *present = std::move(node);
  else
    table.push_back({std::string(name), std::move(node)});
}

// Nothing to lay it over when the file's section is not a table: the reader complains of that.
void lay_over(Table& document, const Target& target, Node node) {
  if (target.key.empty()) return assign(document, target.section, std::move(node));
  if (find(document, target.section) == nullptr) assign(document, target.section, Node{0, Table{}});
  auto* table = std::get_if<Table>(&find(document, target.section)->value);
  if (table != nullptr) assign(*table, target.key, std::move(node));
}

}  // namespace

void apply_override(std::string_view argument, Table& document, Report& report) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) {
    return report.mistake_in_override(std::string(argument) + ": has no =; allowed is SECTION.KEY=VALUE");
  }
  const Target target = split(trimmed(argument.substr(0, equals)));
  if (!check_target(target, report)) return;
  auto node = parse_target_value(target, trimmed(argument.substr(equals + 1)), report);
  if (node) lay_over(document, target, std::move(*node));
}

}  // namespace guichet::conf
