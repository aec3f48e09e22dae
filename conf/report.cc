#include "conf/report.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdio>

namespace guichet::conf {
namespace {

std::string without_indices(std::string_view path) {
  std::string shown;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) shown += c;
    if (c == ']') inside = false;
  }
  return shown;
}

// A quoted TOML key may hold anything, and a mistake is one line.
std::string printable(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    std::array<char, 5> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02X", octet);
    if (octet < 0x20 || octet == 0x7F)
      line += escaped.data();
    else
      line += c;
  }
  return line;
}

}  // namespace

void Report::mistake(const std::string& path, std::string_view text) {
  mistaken_.insert(path);
  add(line_of(path), without_indices(path).append(": ").append(text));
}

void Report::mistake_at_line(int line, std::string_view text) {
  add(line, text);
}

void Report::mistake_in_file(std::string_view text) {
  entries_.push_back({0, printable(file_ + ": ").append(printable(text))});
}

void Report::mistake_in_override(std::string_view text) {
  add(0, text);
}

std::vector<Mistake> Report::mistakes() const {
  std::vector<Entry> sorted = entries_;
  std::ranges::stable_sort(sorted, {}, &Entry::order);
  std::vector<Mistake> mistakes;
  for (Entry& entry : sorted)
    mistakes.push_back({std::move(entry.text)});
  return mistakes;
}

// A key that was not given has the line of its table; a table that was not given, the first of the file.
int Report::line_of(std::string path) const {
  for (;;) {
    if (const auto found = lines_.find(path); found != lines_.end()) return found->second;
    const std::size_t end = path.find_last_of(".[");
    if (end == std::string::npos) return 1;
    path.resize(end);
  }
}

void Report::add(int line, std::string_view text) {
  const std::string where = line == 0 ? "--set" : file_ + ":" + std::to_string(line);
  entries_.push_back({line == 0 ? INT_MAX : line, printable(where + ": ").append(printable(text))});
}

}  // namespace guichet::conf
