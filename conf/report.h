// The mistakes found in a configuration, each with the line it stands on.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conf/reader.h"

namespace guichet::conf {

// A value is named by its path in the document, "smtpd.threads" or "site[1].domain" or "smtpd.listen[0]",
// indices from 0. A mistake shows the path without its indices: the line says which one is meant.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  // Line 0: given on the command line.
  void found_at(const std::string& path, int line) { lines_[path] = line; }

  // At the line of the path, or of what holds it when the path itself was not given.
  void mistake(const std::string& path, std::string_view text);

  // What stands under no key.
  void mistake_at_line(int line, std::string_view text);
  void mistake_in_file(std::string_view text);
  void mistake_in_override(std::string_view text);

  // Whether the path was already complained of: what only follows from a mistake is not reported as another.
  [[nodiscard]] bool mistaken(const std::string& path) const { return mistaken_.contains(path); }

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  // In the order of the file, then those of the command line.
  [[nodiscard]] std::vector<Mistake> mistakes() const;

 private:
  struct Entry {
    int order;
    std::string text;
  };

  [[nodiscard]] int line_of(std::string path) const;
  void add(int line, std::string_view text);

  std::string file_;
  std::map<std::string, int> lines_;
  std::set<std::string> mistaken_;
  std::vector<Entry> entries_;
};

}  // namespace guichet::conf
