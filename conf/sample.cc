#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>

#include "conf/declaration.h"
#include "conf/nearest.h"
#include "conf/reader.h"

namespace guichet::conf {
namespace {

constexpr std::size_t columns_max = 100;

constexpr std::string_view introduction =
    "Guichet: settings of the mail gateway.\n"
    "\n"
    "Every key there is stands here, with what it does, what it may be and its default. A key that is "
    "commented out has the value it shows, its default. Relative paths are relative to the folder of this "
    "file. Any key can be set for one run on the command line: --set 'section.key=VALUE'.\n"
    "\n"
    "THIS IS THE DEVELOPMENT SAMPLE. It listens on loopback only, and the password of its maildrop, in the "
    "file development-password, is \"secret\". Change it before anyone else can reach this gateway.";

// What the development sample sets; all else is left at its default.
const std::map<std::string, Value>& development() {
  static const std::map<std::string, Value> values{
      {"store.path", "../var/store"},
      {"smtpd.listen", Strings{"127.0.0.1:2525"}},
      {"smtpd.hostname", "mx.example.test"},
      {"popd.listen", Strings{"127.0.0.1:2110"}},
      {"site.domain", "example.test"},
      {"site.prefix", "foi+"},
      {"site.maildrop", "foi"},
      {"site.recipients", "prefix"},
      {"route.recipients", Strings{"postmaster@example.test", "abuse@example.test"}},
      {"route.maildrop", "people"},
      {"maildrop.name", "foi"},
      {"maildrop.password_file", "development-password"},
  };
  return values;
}

// The maildrop of the sample's route.
constexpr std::string_view people =
    "\n"
    "# People's mail: for an e-mail program, until it goes on to a mail server.\n"
    "[[maildrop]]\n"
    "name = \"people\"\n"
    "password_file = \"development-password\"\n";

constexpr std::string_view prose = "#";
constexpr std::string_view fact = "#  ";
constexpr std::string_view page = " ";

// Lines that begin with `margin`, as many words on each as fit. A word that fits nowhere has its own.
std::string wrapped(std::string_view paragraph, std::string_view margin) {
  std::string lines;
  std::string line(margin);
  while (!paragraph.empty()) {
    const std::string_view word = paragraph.substr(0, paragraph.find(' '));
    paragraph.remove_prefix(std::min(word.size() + 1, paragraph.size()));
    if (line.size() + 1 + word.size() > columns_max && line != margin) {
      lines += line + "\n";
      line = margin;
    }
    line.append(" ").append(word);
  }
  return lines + line + "\n";
}

std::string comment(std::string_view text, std::string_view margin = prose) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view paragraph = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(paragraph.size() + 1, text.size()));
    lines += wrapped(paragraph, margin);
  }
  return lines;
}

std::string sentence(std::string text) {
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + ".";
}

std::string default_text(const Option& option) {
  if (option.may_be_empty() || option.initial == Value(Strings())) return "empty";
  const auto* number = std::get_if<Number>(&option.form);
  if (number == nullptr) return toml_text(option.initial);
  return amount_text(std::get<std::uint64_t>(option.initial), number->unit);
}

std::string facts(const Option& option) {
  const std::string last = option.required ? "Required." : "Default: " + default_text(option) + ".";
  return sentence(allowed(option.form)) + " " + last;
}

std::string assignment(const Section& section, const Option& option) {
  const auto set = development().find(std::string(section.name).append(".").append(option.key));
  const bool is_set = set != development().end();
  const std::string text = toml_text(is_set ? set->second : option.initial);
  return std::string(is_set ? "" : "# ").append(option.key).append(" = ").append(text).append("\n");
}

// A [[table]] of which the sample sets nothing is there to be read only.
bool in_use(const Section& section) {
  const std::string begin = std::string(section.name) + ".";
  return !section.repeated() ||
         std::ranges::any_of(development(), [&](const auto& set) { return set.first.starts_with(begin); });
}

std::string heading(const Section& section) {
  const std::string name(section.name);
  return section.repeated() ? "[[" + name + "]]" : "[" + name + "]";
}

std::string section_text(const Section& section) {
  const std::string rule(columns_max - 2, '-');
  std::string text = "\n# " + rule + "\n" + comment(section.doc);
  text += in_use(section) ? "" : "# ";
  text += heading(section) + "\n";
  for (const Option& option : section.options) {
    text += "\n" + comment(option.doc) + wrapped(facts(option), fact) + assignment(section, option);
  }
  return text;
}

}  // namespace

std::string sample() {
  std::string text = comment(introduction);
  for (const Section& section : declaration())
    text += section_text(section);
  return text + std::string(people);
}

tl::expected<std::string, std::string> explanation(const std::string& key) {
  const auto dot = std::min(key.rfind('.'), key.size());
  const Section* section = find_section(key.substr(0, dot));
  const Option* option =
      section == nullptr || dot == key.size() ? nullptr : find_option(*section, key.substr(dot + 1));
  if (option == nullptr) return tl::unexpected(nearest(key, known_keys()));
  return std::string(option->key) + " in " + heading(*section) + "\n\n" + comment(option->doc, page) + "\n" +
         wrapped(facts(*option), page);
}

}  // namespace guichet::conf
