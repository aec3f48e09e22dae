#include "conf/value.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace guichet::conf {
namespace {

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

class ValueReader {
 public:
  ValueReader(const Option& option, const Folders& folders, Report& report)
      : option_(option), folders_(folders), report_(report) {}

  std::optional<Value> read(const Node& node, const std::string& path) const {
    return std::visit([&](const auto& form) { return read_as(form, node, path); }, option_.form);
  }

 private:
  std::optional<Value> read_as(const Flag&, const Node& node, const std::string& path) const {
    const auto* flag = get<bool>(node, path);
    if (flag == nullptr) return std::nullopt;
    return *flag;
  }

  std::optional<Value> read_as(const Number& form, const Node& node, const std::string& path) const {
    const auto* number = get<std::int64_t>(node, path);
    if (number == nullptr) return std::nullopt;
    const auto amount = static_cast<std::uint64_t>(*number);
    if (*number < 0 || amount < form.min || amount > form.max) {
      report_.mistake(path, std::to_string(*number) + " is out of range; allowed are " + range_text(form));
    }
    return amount;
  }

  std::optional<Value> read_as(const Text& form, const Node& node, const std::string& path) const {
    const auto* text = get_text(node, path);
    if (text == nullptr) return std::nullopt;
    if (!text->empty() || !option_.may_be_empty()) check_shape(*form.shape, *text, path);
    return *text;
  }

  std::optional<Value> read_as(const TextList& form, const Node& node, const std::string& path) const {
    const auto* list = get<List>(node, path);
    if (list == nullptr) return std::nullopt;
    Strings texts;
    for (std::size_t i = 0; i < list->size(); ++i) {
      texts.push_back(read_element(form, (*list)[i], path + "[" + std::to_string(i) + "]"));
    }
    return texts;
  }

  // Empty when it is no string, so that the elements after it keep their indices, and with them their lines.
  std::string read_element(const TextList& form, const Node& node, const std::string& path) const {
    report_.found_at(path, node.line);
    const auto* text = get_text(node, path);
    if (text == nullptr) return {};
    check_shape(*form.shape, *text, path);
    return *text;
  }

  std::optional<Value> read_as(const PathText&, const Node& node, const std::string& path) const {
    const auto* text = get_text(node, path);
    if (text == nullptr) return std::nullopt;
    if (text->empty() && !option_.may_be_empty())
      report_.mistake(path, "is empty; allowed is " + allowed(option_.form));
    if (text->empty()) return *text;
    const std::filesystem::path& folder = node.line == 0 ? folders_.current : folders_.file;
    const std::filesystem::path whole = (folder / *text).lexically_normal();
    // Without the slash that may follow a folder's name: the name is then its last part.
    return whole.has_filename() ? whole.string() : whole.parent_path().string();
  }

  std::optional<Value> read_as(const Choice& form, const Node& node, const std::string& path) const {
    const auto* text = get_text(node, path);
    if (text == nullptr) return std::nullopt;
    if (std::ranges::find(form.names, *text) != form.names.end()) return *text;
    report_.mistake(path, in_quotes(*text) + " is none of its values; allowed is " + allowed(option_.form));
    return std::nullopt;
  }

  template <typename Wanted>
  const Wanted* get(const Node& node, const std::string& path) const {
    const auto* wanted = std::get_if<Wanted>(&node.value);
    const bool is_element = path.ends_with(']');
    const std::string is = is_element ? "has an element that is " : "is ";
    if (wanted == nullptr) {
      report_.mistake(path, is + std::string(type_name(node)) + "; allowed is " + allowed(option_.form));
    }
    return wanted;
  }

  const std::string* get_text(const Node& node, const std::string& path) const {
    const auto* text = get<std::string>(node, path);
    if (text == nullptr || !has_control_character(*text)) return text;
    report_.mistake(path, "holds a control character; allowed is " + allowed(option_.form));
    return nullptr;
  }

  void check_shape(const Shape& shape, const std::string& text, const std::string& path) const {
    if (shape.holds(text)) return;
    report_.mistake(
        path,
        in_quotes(text).append(" is not ").append(shape.name).append("; allowed are ").append(shape.rule));
  }

  const Option& option_;
  const Folders& folders_;
  Report& report_;
};

}  // namespace

std::optional<Value> read_value(const Option& option, const Node& node, const std::string& path,
                                const Folders& folders, Report& report) {
  return ValueReader(option, folders, report).read(node, path);
}

}  // namespace guichet::conf
