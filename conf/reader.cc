#include "conf/reader.h"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <optional>
#include <system_error>

#include "conf/consistency.h"
#include "conf/declaration.h"
#include "conf/document.h"
#include "conf/nearest.h"
#include "conf/override.h"
#include "conf/report.h"
#include "conf/value.h"

namespace guichet::conf {
namespace {

constexpr std::size_t file_octets_max = 1 << 20;

// Into a buffer of one octet more than is allowed: -c may name a device that never ends.
std::optional<std::string> read_octets(const std::filesystem::path& path, Report& report) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string octets(file_octets_max + 1, '\0');
  file.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  if (!file.is_open() || file.bad()) {
    report.mistake_in_file("cannot be read: " + std::generic_category().message(errno));
    return std::nullopt;
  }
  octets.resize(static_cast<std::size_t>(file.gcount()));
  if (octets.size() <= file_octets_max) return octets;
  report.mistake_in_file("is too long; allowed are " + amount_text(file_octets_max, "octets") + " octets");
  return std::nullopt;
}

std::optional<Table> read_document(const std::filesystem::path& file, Report& report) {
  const auto octets = read_octets(file, report);
  if (!octets) return std::nullopt;
  auto parsed = parse_document(*octets);
  if (parsed) return std::move(*parsed);
  report.mistake_at_line(parsed.error().line, "not TOML: " + parsed.error().text);
  return std::nullopt;
}

std::string dotted(std::string_view section, std::string_view key) {
  return std::string(section).append(".").append(key);
}

std::vector<std::string> known_sections() {
  std::vector<std::string> names;
  for (const Section& section : declaration())
    names.emplace_back(section.name);
  return names;
}

class Reader {
 public:
  Reader(Folders folders, Report& report) : folders_(std::move(folders)), report_(report) {}

  Settings read(const Table& document) {
    for (const auto& [name, node] : document) {
      report_.found_at(name, node.line);
      const Section* section = find_section(name);
      if (section != nullptr)
        read_section(*section, name, node);
      else
        report_.mistake(name, "unknown section; the nearest known one is " + nearest(name, known_sections()));
    }
    return std::move(settings_);
  }

 private:
  void read_section(const Section& section, const std::string& name, const Node& node) {
    if (section.repeated()) return read_tables(section, name, node);
    const auto* table = std::get_if<Table>(&node.value);
    if (table != nullptr)
      read_table(section, name, *table);
    else
      wrong_type(name, node, "a table, [" + name + "]");
  }

  void read_tables(const Section& section, const std::string& name, const Node& node) {
    const auto* list = std::get_if<List>(&node.value);
    if (list == nullptr) return wrong_type(name, node, "an array of tables, [[" + name + "]]");
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string path = name + "[" + std::to_string(i) + "]";
      report_.found_at(path, (*list)[i].line);
      section.append(settings_);
      const auto* table = std::get_if<Table>(&(*list)[i].value);
      if (table != nullptr)
        read_table(section, path, *table);
      else
        wrong_type(path, (*list)[i], "a table");
    }
  }

  void read_table(const Section& section, const std::string& path, const Table& table) {
    for (const auto& [key, node] : table)
      read_member(section, key, node, dotted(path, key));
    for (const Option& option : section.options)
      check_required(option, table, dotted(path, option.key));
  }

  void read_member(const Section& section, std::string_view key, const Node& node, const std::string& path) {
    report_.found_at(path, node.line);
    const std::string name = dotted(section.name, key);
    if (const Section* inner = find_section(name)) return read_section(*inner, path, node);
    const Option* option = find_option(section, key);
    if (option == nullptr) return unknown_key(name, path);
    const auto value = read_value(*option, node, path, folders_, report_);
    if (value) option->place.set(settings_, *value);
  }

  void check_required(const Option& option, const Table& table, const std::string& path) {
    if (!option.required) return;
    const Node* node = find(table, option.key);
    const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    const bool given = node != nullptr && (text == nullptr || !text->empty());
    if (!given) report_.mistake(path, "is missing; needed is " + allowed(option.form));
  }

  void unknown_key(const std::string& name, const std::string& path) {
    report_.mistake(path, "unknown key; the nearest known one is " + nearest(name, known_keys()));
  }

  void wrong_type(const std::string& path, const Node& node, const std::string& wanted) {
    report_.mistake(path, "is " + std::string(type_name(node)) + "; allowed is " + wanted);
  }

  const Folders folders_;
  Report& report_;
  Settings settings_;
};

// An error leaves the paths relative, which is as far as one gets without a current folder.
Folders folders_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::path current = std::filesystem::current_path(error);
  return {.file = (current / file).parent_path(), .current = current};
}

}  // namespace

tl::expected<Settings, std::vector<Mistake>> read_settings(const std::filesystem::path& file,
                                                           const std::vector<std::string>& overrides) {
  Report report(file.string());
  auto document = read_document(file, report);
  if (!document) return tl::unexpected(report.mistakes());
  for (const std::string& argument : overrides)
    apply_override(argument, *document, report);
  Settings settings = Reader(folders_of(file), report).read(*document);
  check_consistency(settings, report);
  if (!report.empty()) return tl::unexpected(report.mistakes());
  return settings;
}

}  // namespace guichet::conf
