#include "popd/grammar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace guichet::popd {
namespace {

constexpr std::array kRules = {
    // RFC 1939 section 7: APOP is known only so that it can be refused by name.
    Rule{"APOP", Verb::apop, States::authorization, Shape::text},
    // RFC 5034 section 4
    Rule{"AUTH", Verb::auth, States::authorization, Shape::text},
    // RFC 2449 section 5
    Rule{"CAPA", Verb::capa, States::both, Shape::none},
    // RFC 1939 section 5
    Rule{"DELE", Verb::dele, States::transaction, Shape::number},
    Rule{"LIST", Verb::list, States::transaction, Shape::optional_number},
    Rule{"NOOP", Verb::noop, States::transaction, Shape::none},
    // RFC 1939 section 7
    Rule{"PASS", Verb::pass, States::authorization, Shape::text},
    // RFC 1939 sections 4 and 6
    Rule{"QUIT", Verb::quit, States::both, Shape::none},
    // RFC 1939 section 5
    Rule{"RETR", Verb::retr, States::transaction, Shape::number},
    Rule{"RSET", Verb::rset, States::transaction, Shape::none},
    Rule{"STAT", Verb::stat, States::transaction, Shape::none},
    // RFC 2595 section 4
    Rule{"STLS", Verb::stls, States::authorization, Shape::none},
    // RFC 1939 section 7
    Rule{"TOP", Verb::top, States::transaction, Shape::number_and_count},
    Rule{"UIDL", Verb::uidl, States::transaction, Shape::optional_number},
    Rule{"USER", Verb::user, States::authorization, Shape::text},
    // RFC 6856 section 2
    Rule{"UTF8", Verb::utf8, States::authorization, Shape::none},
};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// NUL and the other controls are in no POP3 command. Octets above 0x7F are let through: they can only stand
// in a name or a password, where they are compared and not interpreted.
bool is_control(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 || octet == 0x7F;
}

const Rule* find_rule(std::string_view verb) {
  const auto* at =
      std::find_if(kRules.begin(), kRules.end(), [verb](const Rule& r) { return same_word(r.name, verb); });
  return at == kRules.end() ? nullptr : at;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  // from_chars takes neither sign nor blank for an unsigned type, and reports overflow.
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool read_number(std::string_view digits, Command& command) {
  command.number = parse_number(digits);
  return command.number.has_value();
}

bool read_number_and_count(std::string_view argument, Command& command) {
  const std::size_t space = argument.find(' ');
  if (space == std::string_view::npos || !read_number(argument.substr(0, space), command)) return false;
  const auto count = parse_number(argument.substr(space + 1));
  command.count = count.value_or(0);
  return count.has_value();
}

bool read_argument(Shape shape, std::string_view argument, Command& command) {
  switch (shape) {
    case Shape::none:
      return argument.empty();
    case Shape::text:
      command.text = argument;
      return !argument.empty();
    case Shape::number:
      return read_number(argument, command);
    case Shape::optional_number:
      return argument.empty() || read_number(argument, command);
    case Shape::number_and_count:
      return read_number_and_count(argument, command);
  }
  return false;
}

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

std::variant<Command, Fault> parse_command(std::string_view line) {
  // RFC 2449 section 3: a command is printable ASCII.
  if (std::any_of(line.begin(), line.end(), is_control)) return Fault::control_octet;
  // RFC 1939 section 3: keyword and arguments are separated by a single space, keywords ignore case.
  const std::size_t space = std::min(line.find(' '), line.size());
  const Rule* const rule = find_rule(line.substr(0, space));
  if (rule == nullptr) return Fault::unknown_verb;

  Command command{.verb = rule->verb, .states = rule->states};
  const std::string_view argument = line.substr(std::min(space + 1, line.size()));
  if (!read_argument(rule->shape, argument, command)) return Fault::argument;
  return command;
}

}  // namespace guichet::popd
