// How a plain struct becomes a JSON object and comes back: one list of its members (a function template
// `members(visit, x)`), which the writer and the reader both walk, so that they cannot come to differ.
//
// The writer leaves out what is empty, false or 0, replaces what is not UTF-8, and shortens. The reader
// believes nothing: a member of another type, a longer text, a longer list, an unknown word is an error.
// Members that it does not know are left alone: a later release may have more.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "filters/findings.h"
#include "filters/names.h"

namespace guichet::filters::json {

inline constexpr std::size_t name_octets_max = 1024;
inline constexpr std::size_t text_octets_max = 4096;

// The text as UTF-8 in no more octets than that, cut between two characters.
[[nodiscard]] std::string utf8(std::string_view octets, std::size_t octets_max);

[[nodiscard]] std::string_view word_of(AuthResult result);
[[nodiscard]] std::string_view word_of(NameType type);
[[nodiscard]] std::string_view word_of(NameAnswer::Outcome outcome);
[[nodiscard]] bool read_word(std::string_view word, AuthResult& result);
[[nodiscard]] bool read_word(std::string_view word, NameType& type);
[[nodiscard]] bool read_word(std::string_view word, NameAnswer::Outcome& outcome);

// An object, not too deep and not with too many values in it to be worth the memory.
[[nodiscard]] tl::expected<nlohmann::json, std::string> parse(std::string_view text);

class Writer {
 public:
  using Object = nlohmann::ordered_json;

  void text(const char* name, const std::string& value, std::size_t octets_max = text_octets_max) {
    if (!value.empty()) object_[name] = utf8(value, octets_max);
  }
  template <class Word>
  void word(const char* name, Word value) {
    object_[name] = word_of(value);
  }
  void flag(const char* name, bool value) {
    if (value) object_[name] = true;
  }
  template <std::integral Number>
  void number(const char* name, Number value) {
    if (value != 0) object_[name] = value;
  }
  void texts(const char* name, const std::vector<std::string>& values, std::size_t count_max,
             std::size_t octets_max) {
    for (std::size_t i = 0; i < values.size() && i < count_max; ++i)
      object_[name].push_back(utf8(values[i], octets_max));
  }
  template <class Shape>
  void shape(const char* name, const std::optional<Shape>& value) {
    if (value) object_[name] = object_of(*value);
  }
  template <class Shape>
  void shapes(const char* name, const std::vector<Shape>& values, std::size_t count_max) {
    for (std::size_t i = 0; i < values.size() && i < count_max; ++i)
      object_[name].push_back(object_of(values[i]));
  }

  template <class Shape>
  [[nodiscard]] static Object object_of(const Shape& shape) {
    Writer writer;
    members(writer, shape);
    return std::move(writer.object_);
  }

 private:
  Object object_ = Object::object();
};

// After the first error nothing more is read.
class Reader {
 public:
  Reader(const nlohmann::json& object, std::string& error) : object_(object), error_(error) {
    if (!object.is_object()) error_ = "not an object";
  }

  void text(const char* name, std::string& value, std::size_t octets_max = text_octets_max) {
    if (const auto* found = find(name)) read_text(name, *found, value, octets_max);
  }
  // The only kind of member that must be there.
  template <class Word>
  void word(const char* name, Word& value) {
    std::string said;
    text(name, said, name_octets_max);
    if (error_.empty() && !read_word(said, value)) wrong(name, "is a word that is not known");
  }
  void flag(const char* name, bool& value) {
    const auto* found = find(name);
    if (found && !found->is_boolean()) wrong(name, "is not true or false");
    if (found && error_.empty()) value = found->get<bool>();
  }
  template <std::integral Number>
  void number(const char* name, Number& value) {
    const auto* found = find(name);
    if (!found) return;
    if (!fits<Number>(*found)) return wrong(name, "is not a number that fits");
    value = found->get<Number>();
  }
  void texts(const char* name, std::vector<std::string>& values, std::size_t count_max,
             std::size_t octets_max) {
    const auto* found = find_list(name, count_max);
    for (std::size_t i = 0; found && i < found->size() && error_.empty(); ++i)
      read_text(name, (*found)[i], values.emplace_back(), octets_max);
  }
  template <class Shape>
  void shape(const char* name, std::optional<Shape>& value) {
    if (const auto* found = find(name)) read_shape(name, *found, value.emplace());
  }
  template <class Shape>
  void shapes(const char* name, std::vector<Shape>& values, std::size_t count_max) {
    const auto* found = find_list(name, count_max);
    for (std::size_t i = 0; found && i < found->size() && error_.empty(); ++i)
      read_shape(name, (*found)[i], values.emplace_back());
  }

 private:
  [[nodiscard]] const nlohmann::json* find(const char* name) const;
  [[nodiscard]] const nlohmann::json* find_list(const char* name, std::size_t count_max);
  void read_text(const char* name, const nlohmann::json& found, std::string& value, std::size_t octets_max);
  template <class Shape>
  void read_shape(const char* name, const nlohmann::json& found, Shape& value) {
    std::string error;
    Reader reader(found, error);
    if (error.empty()) members(reader, value);
    if (!error.empty()) wrong(name, error);
  }
  template <class Number>
  [[nodiscard]] static bool fits(const nlohmann::json& found) {
    if (found.is_number_unsigned())
      return found.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
    if (!found.is_number_integer() || std::is_unsigned_v<Number>) return false;
    return found.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<Number>::min());
  }
  void wrong(const char* name, const std::string& why);

  const nlohmann::json& object_;
  std::string& error_;
};

// `Shape` with or without const: the writer and the reader walk the same list.
template <class Given, class Shape>
concept Is = std::same_as<std::remove_const_t<Given>, Shape>;

template <class Shape>
[[nodiscard]] std::string encode(const Shape& shape) {
  return Writer::object_of(shape).dump();
}

template <class Shape>
[[nodiscard]] tl::expected<Shape, std::string> decode(std::string_view text) {
  const auto object = parse(text);
  if (!object) return tl::unexpected(object.error());
  Shape shape;
  std::string error;
  Reader reader(*object, error);
  if (error.empty()) members(reader, shape);
  if (!error.empty()) return tl::unexpected(std::move(error));
  return shape;
}

}  // namespace guichet::filters::json
