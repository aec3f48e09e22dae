// A TOML text as a tree that remembers its lines. The one place that knows which TOML library is used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

namespace guichet::conf {

struct Node;
struct Member;

using List = std::vector<Node>;
using Table = std::vector<Member>;

// A value that no key takes: a float, a date.
struct Foreign {
  std::string_view type;  // "a float"
};

struct Node {
  int line = 0;  // from 1; 0 in a value given on the command line
  std::variant<Foreign, bool, std::int64_t, std::string, List, Table> value;
};

struct Member {
  std::string name;
  Node node;
};

struct SyntaxError {
  int line = 0;
  std::string text;
};

[[nodiscard]] tl::expected<Table, SyntaxError> parse_document(std::string_view toml);

// A single value, as it stands to the right of a "=". Every line in it is 0.
[[nodiscard]] tl::expected<Node, SyntaxError> parse_value(std::string_view toml);

// "an integer", "a table": what a mistake calls it.
[[nodiscard]] std::string_view type_name(const Node& node);

// Null when there is none of that name.
[[nodiscard]] const Node* find(const Table& table, std::string_view name);
[[nodiscard]] Node* find(Table& table, std::string_view name);

}  // namespace guichet::conf
