#include "cli/pasted_id.h"

#include <algorithm>
#include <array>

#include "filters/ascii.h"

namespace guichet::cli {
namespace {

constexpr std::string_view digest_prefix = "sha256:";
constexpr std::array<std::string_view, 2> field_names{"x-guichet-id:", "x-guichet-digest:"};
constexpr std::ptrdiff_t digits_min = 6;  // fewer are a slip of the hand more often than a message

std::string_view stripped(std::string_view text) {
  constexpr std::string_view around = " \t\r\n<>";
  const auto first = text.find_first_not_of(around);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(around) - first + 1);
}

std::string_view without_field_name(std::string_view text) {
  for (const auto name : field_names)
    if (text.starts_with(name)) return stripped(text.substr(name.size()));
  return text;
}

std::string_view without_digest_prefix(std::string_view text) {
  return text.starts_with(digest_prefix) ? text.substr(digest_prefix.size()) : text;
}

}  // namespace

store::Result<std::string> pasted_id(std::string_view text) {
  const auto lowered = filters::lower_case(text);
  const auto id = without_field_name(stripped(lowered));
  const auto digits = without_digest_prefix(id);
  const auto said = "\"" + std::string(text) + "\"";
  if (digits.find_first_not_of("0123456789abcdef-") != std::string_view::npos)
    return store::fail(store::ErrorKind::absent, said + " is neither a message id nor a digest");
  if (std::ranges::count_if(digits, [](char c) { return c != '-'; }) < digits_min)
    return store::fail(store::ErrorKind::absent,
                       said + " is too short: at least six digits of a message id or digest are needed");
  return std::string(id);
}

}  // namespace guichet::cli
