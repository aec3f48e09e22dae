#include "cli/reconcile_list.h"

#include <algorithm>
#include <utility>

#include "cli/header_fields.h"

namespace guichet::cli {
namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_base64(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
}

// nullopt: a heading, or nothing that can be told.
std::optional<ListedBy> kind_of(std::string_view entry) {
  if (entry.size() == 40 && std::ranges::all_of(entry, is_hex)) return ListedBy::sha1;
  if (entry.size() == 24 && entry.ends_with("==") && std::ranges::all_of(entry.substr(0, 22), is_base64))
    return ListedBy::md5;
  if (entry.find('@') != std::string_view::npos || entry.starts_with('<')) return ListedBy::message_id;
  return std::nullopt;
}

std::string first_column(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.remove_suffix(1);
  if (!line.starts_with('"')) return std::string(line.substr(0, line.find(',')));
  std::string out;
  for (std::size_t at = 1; at < line.size(); ++at) {
    if (line[at] == '"' && (at + 1 == line.size() || line[++at] != '"')) break;
    out += line[at];
  }
  return out;
}

std::string normal(ListedBy by, std::string entry) {
  if (by == ListedBy::message_id) return bare_message_id(entry);
  if (by == ListedBy::sha1)
    for (char& c : entry)
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return entry;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::optional<ReconcileList> parse_column(std::string_view text) {
  std::optional<ReconcileList> list;
  bool first = true;
  while (!text.empty()) {
    auto entry = first_column(next_line(text));
    const bool heading = std::exchange(first, false);
    const auto kind = kind_of(entry);
    if (entry.empty() || (heading && !kind)) continue;
    if (!list) list.emplace().by = kind.value_or(ListedBy::message_id);
    // A message id may be anything (RFC 5322 asks for more than senders give).
    if (list->by == ListedBy::message_id || kind == list->by)
      list->entries.insert(normal(list->by, std::move(entry)));
    else
      ++list->unreadable;
  }
  return list;
}

struct IdAndChecksum {
  std::string id;
  std::string checksum;  // "": there is none
};

// No checksum has a separator in it, and an id may.
IdAndChecksum split(std::string_view line) {
  const auto at = line.find_last_of(",|\t");
  if (at == std::string_view::npos) return {first_column(line), ""};
  auto checksum = first_column(line.substr(at + 1));
  const auto kind = kind_of(checksum);
  const bool is_one = kind == ListedBy::sha1 || kind == ListedBy::md5;
  return {first_column(line.substr(0, at)), is_one ? normal(*kind, std::move(checksum)) : ""};
}

std::optional<ReconcileList> parse_pairs(std::string_view text) {
  std::optional<ReconcileList> list;
  bool first = true;
  while (!text.empty()) {
    const auto [entry, checksum] = split(next_line(text));
    const bool heading = std::exchange(first, false) && kind_of(entry) != ListedBy::message_id;
    if (entry.empty() || heading) continue;
    if (!list) list.emplace();
    const auto id = bare_message_id(entry);
    list->entries.insert(id);
    if (checksum.empty())
      ++list->unreadable;
    else
      list->checksums[id].insert(checksum);
  }
  return list;
}

}  // namespace

std::optional<ReconcileList> parse_list(std::string_view text, ListColumns columns) {
  return columns == ListColumns::one ? parse_column(text) : parse_pairs(text);
}

}  // namespace guichet::cli
