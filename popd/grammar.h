// The commands of POP3 as a table, and the parser of one line against it (RFC 1939, RFC 2449 section 3).
//
// What a verb is, where it may be given and what shape its argument has is data; the session only decides
// what to do. Nothing here is tolerant of a malformed number: "+1" and "1 " are refused rather than guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace guichet::popd {

enum class Verb {
  apop,
  auth,
  capa,
  dele,
  list,
  noop,
  pass,
  quit,
  retr,
  rset,
  stat,
  stls,
  top,
  uidl,
  user,
  utf8
};

enum class States { authorization, transaction, both };

enum class Shape {
  none,
  text,              // the rest of the line after one space, exactly, at least one octet
  number,            // one message number
  optional_number,   // LIST, UIDL
  number_and_count,  // TOP
};

struct Rule {
  std::string_view name;
  Verb verb;
  States states;
  Shape shape;
};

struct Command {
  Verb verb = Verb::noop;
  States states = States::both;
  std::string_view text = {};                // Shape::text; a view into the line
  std::optional<std::uint64_t> number = {};  // not yet compared with the maildrop; may be 0
  std::uint64_t count = 0;                   // TOP's body lines
};

enum class Fault { control_octet, unknown_verb, argument };

// The whole table, for the parser and for the tests.
[[nodiscard]] std::span<const Rule> rules();

// `line` without its line end. The command holds views into it.
[[nodiscard]] std::variant<Command, Fault> parse_command(std::string_view line);

// ASCII case is folded and no other: the locale has no say in a protocol.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);

}  // namespace guichet::popd
