#include "filters/tag_list.h"

#include <algorithm>
#include <cstdint>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

bool is_white(char c) {
  return is_blank(c) || is_line_end(c);
}

// RFC 6376 3.2: tag-name = ALPHA *ALNUMPUNC
bool is_tag_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

// RFC 6376 3.2: VALCHAR; octets above US-ASCII are UTF-8 (RFC 8616 5), which the tags themselves judge.
bool is_tag_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return is_white(c) || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != ';');
  });
}

std::optional<std::uint32_t> sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

}  // namespace

std::optional<TagList> TagList::read(std::string_view text) {
  TagList list;
  while (!trimmed(text).empty()) {  // a ";" may end the list
    const auto end = std::min(text.find(';'), text.size());
    if (!list.add(text.substr(0, end))) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

bool TagList::add(std::string_view spec) {
  const auto equals = spec.find('=');
  if (equals == std::string_view::npos || tags_.size() == tags_max) return false;
  const Tag tag{.name = trimmed(spec.substr(0, equals)), .raw = spec.substr(equals + 1)};
  if (!is_tag_name(tag.name) || !is_tag_value(tag.raw) || find(tag.name)) return false;
  tags_.push_back(tag);
  return true;
}

const TagList::Tag* TagList::find(std::string_view name) const {
  const auto found =
      std::find_if(tags_.begin(), tags_.end(), [&](const Tag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &*found;
}

std::optional<std::string_view> TagList::value(std::string_view name) const {
  const auto* tag = find(name);
  return tag ? std::optional(trimmed(tag->raw)) : std::nullopt;
}

std::string_view TagList::raw(std::string_view name) const {
  const auto* tag = find(name);
  return tag ? tag->raw : std::string_view();
}

std::string_view TagList::first_name() const {
  return tags_.empty() ? std::string_view() : tags_.front().name;
}

std::vector<std::string_view> parts_of(std::string_view list, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const auto end = std::min(list.find(separator, begin), list.size());
    parts.push_back(trimmed(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string octets;
  std::uint32_t bits = 0;
  unsigned held = 0, digits = 0, padding = 0;
  for (const char c : text) {
    if (is_white(c)) continue;
    ++digits;
    if (c == '=' && ++padding <= 2) continue;
    const auto value = sextet(c);
    if (!value || padding > 0) return std::nullopt;
    bits = (bits << 6 | *value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets += static_cast<char>(bits >> held & 0xff);
  }
  if (digits % 4 != 0) return std::nullopt;
  return octets;
}

}  // namespace guichet::filters
