#include "filters/message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

constexpr std::size_t name_octets_max = 998;  // RFC 5322 2.1.1

struct Line {
  std::string_view text;  // without its end
  std::size_t next = 0;   // where the next line begins
};

Line line_at(std::string_view octets, std::size_t begin) {
  const auto end = octets.find_first_of("\r\n", begin);
  if (end == std::string_view::npos) return {octets.substr(begin), octets.size()};
  return {octets.substr(begin, end - begin), end + line_end_octets(octets, end)};
}

bool is_mailbox_line(std::string_view line) {
  const auto begin = std::min(line.find_first_not_of('>'), line.size());
  return begin <= 993 && line.substr(begin).starts_with("From ");
}

// Of the name in front of a colon; nullopt: the line is no field.
std::optional<std::size_t> colon_of(std::string_view line) {
  const auto colon = line.substr(0, name_octets_max).find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  auto name = line.substr(0, colon);
  while (!name.empty() && is_blank(name.back()))
    name.remove_suffix(1);
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return printable && !name.empty() ? std::optional(colon) : std::nullopt;
}

std::string_view without_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  return text;
}

HeaderField field_of(std::string_view whole, std::size_t colon) {
  auto name = whole.substr(0, colon);
  while (is_blank(name.back()))
    name.remove_suffix(1);
  return {.name = name, .value = whole.substr(colon + 1), .whole = whole};
}

// Walks over the lines of a header.
class Splitter {
 public:
  explicit Splitter(std::string_view octets) : octets_(octets) {}

  Message run() {
    while (at_ < octets_.size() && !done_)
      take(line_at(octets_, at_));
    finish_field(at_);
    message_.header = octets_.substr(0, header_end_.value_or(at_));
    message_.body = octets_.substr(at_);
    return std::move(message_);
  }

 private:
  void take(const Line& line) {
    const auto begin = at_;
    if (line.text.empty()) return end_header(begin, line.next);
    if (field_ && is_blank(line.text.front())) return advance(line);
    const bool none_yet = !field_ && message_.fields.empty();
    if (none_yet && is_mailbox_line(line.text)) return advance(line);
    const auto colon = colon_of(line.text);
    finish_field(begin);
    if (!colon) return end_header(begin, begin);
    field_ = begin;
    colon_ = *colon;
    advance(line);
  }

  void advance(const Line& line) { at_ = line.next; }

  void end_header(std::size_t end, std::size_t body) {
    finish_field(end);
    header_end_ = end;
    at_ = body;
    done_ = true;
  }

  void finish_field(std::size_t end) {
    if (!field_) return;
    const auto begin = *std::exchange(field_, std::nullopt);
    if (end > header_octets_max) message_.header_too_large = true;
    if (end > header_octets_max || end - begin > field_octets_max) return;
    message_.fields.push_back(field_of(without_end(octets_.substr(begin, end - begin)), colon_));
  }

  const std::string_view octets_;
  Message message_;
  std::size_t at_ = 0;
  std::optional<std::size_t> field_;  // where the open one begins
  std::size_t colon_ = 0;             // in it
  std::optional<std::size_t> header_end_;
  bool done_ = false;
};

}  // namespace

std::size_t line_end_octets(std::string_view octets, std::size_t at) {
  std::size_t returns = 0;
  while (returns <= line_end_returns_max && at + returns < octets.size() && octets[at + returns] == '\r')
    ++returns;
  const bool feed = at + returns < octets.size() && octets[at + returns] == '\n';
  return feed && returns <= line_end_returns_max ? returns + 1 : 1;
}

Message split(std::string_view octets) {
  return Splitter(octets).run();
}

std::vector<std::string_view> Message::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& field : fields)
    if (same_letters(field.name, name)) found.push_back(field.value);
  return found;
}

std::string unfolded(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    if (value[at] != '\r' && value[at] != '\n') {
      out += value[at++];
      continue;
    }
    while (at < value.size() && (value[at] == '\r' || value[at] == '\n' || is_blank(value[at])))
      ++at;
    out += ' ';
  }
  return std::string(trimmed(out));
}

}  // namespace guichet::filters
