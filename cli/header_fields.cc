#include "cli/header_fields.h"

#include <algorithm>

namespace guichet::cli {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// Takes the first line, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(end);
  const auto feeds = text.find_first_not_of('\r');
  if (feeds != std::string_view::npos && text[feeds] == '\n')
    text.remove_prefix(feeds + 1);
  else if (!text.empty())
    text.remove_prefix(1);
  return line;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
}

bool is_of_address(char c) {
  constexpr std::string_view others = ".!#$%&'*+/=?^_`{|}~-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

}  // namespace

std::vector<HeaderField> header_fields(std::string_view head) {
  std::vector<HeaderField> fields;
  while (!head.empty()) {
    const auto line = take_line(head);
    if (line.empty()) break;
    if (is_blank(line.front()) && !fields.empty()) {
      auto& value = fields.back().value;
      value.append(value.empty() ? "" : " ").append(trimmed(line));
      continue;
    }
    if (fields.empty() && line.starts_with("From ")) continue;  // of an mbox
    const auto colon = line.find(':');
    const auto name = trimmed(line.substr(0, std::min(colon, line.size())));
    if (colon == std::string_view::npos || !is_name(name)) break;
    fields.push_back({lower(name), std::string(trimmed(line.substr(colon + 1)))});
  }
  return fields;
}

const std::string* field(const std::vector<HeaderField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &HeaderField::name);
  return found == fields.end() ? nullptr : &found->value;
}

std::vector<std::string> addresses_in(std::string_view value) {
  std::vector<std::string> addresses;
  for (auto at = value.find('@'); at != std::string_view::npos; at = value.find('@', at + 1)) {
    auto begin = at, end = at + 1;
    while (begin > 0 && is_of_address(value[begin - 1]))
      --begin;
    while (end < value.size() && is_of_address(value[end]))
      ++end;
    auto address = value.substr(begin, end - begin);
    while (address.starts_with('\''))
      address.remove_prefix(1);
    while (address.ends_with('.') || address.ends_with('\''))
      address.remove_suffix(1);
    if (begin < at && address.size() > at + 1 - begin) addresses.emplace_back(address);
  }
  return addresses;
}

std::string bare_message_id(std::string_view value) {
  const auto open = value.find('<');
  const auto close = open == std::string_view::npos ? open : value.find('>', open);
  if (close != std::string_view::npos) return std::string(trimmed(value.substr(open + 1, close - open - 1)));
  value = trimmed(value);
  return std::string(value.substr(0, value.find_first_of(" \t")));
}

}  // namespace guichet::cli
