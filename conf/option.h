// What an option is: its key, the form of its value, its text, and where in Settings it is stored.
// conf/declaration.h lists them all; the reader and the sample walk that list and know no key by name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/settings.h"
#include "conf/shape.h"

namespace guichet::conf {

using Strings = std::vector<std::string>;
using Value = std::variant<bool, std::uint64_t, std::string, Strings>;

// --- Forms: what a value may be -------------------------------------------------------------------------
struct Number {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::string_view unit;  // "octets"; empty: a plain count
};
struct Text {
  const Shape* shape = nullptr;
};
struct TextList {
  const Shape* shape = nullptr;  // of each element
};
struct Flag {};
struct PathText {};  // relative to the folder of the file it stands in
struct Choice {
  Strings names;
};

using Form = std::variant<Flag, Number, Text, TextList, PathText, Choice>;

// Where a value lives. In a [[section]] that is the table appended last.
struct Place {
  std::function<Value(const Settings&)> get;
  std::function<void(Settings&, const Value&)> set;  // the Value holds what the Form asks for, in range
};

struct Option {
  std::string_view key;
  Place place;
  Form form;
  std::string_view doc;   // what it does and when to change it
  bool required = false;  // only in a [[section]]; else the default stands in
  Value initial = {};     // the default, filled in by declaration() from the initialisers in conf/settings.h

  // An empty string says what leaving the key out says.
  [[nodiscard]] bool may_be_empty() const { return initial == Value(std::string()); }
};

struct Section {
  std::string_view name;  // "outer.inner" for a [[table]] of its own inside [outer]
  std::string_view doc;
  void (*append)(Settings&) = nullptr;  // adds a table to Settings; null: [name], of which there is one
  std::vector<Option> options;

  [[nodiscard]] bool repeated() const { return append != nullptr; }
};

// "an integer, 0 to 300 microseconds": what a mistake allows and what the sample says of a key.
[[nodiscard]] std::string allowed(const Form& form);
[[nodiscard]] std::string range_text(const Number& number);

// "268_435_456 (256 MiB)" for a number of octets, "300" for one of seconds.
[[nodiscard]] std::string amount_text(std::uint64_t amount, std::string_view unit);

// The value as TOML: "text", 268_435_456, ["a", "b"].
[[nodiscard]] std::string toml_text(const Value& value);
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace guichet::conf
