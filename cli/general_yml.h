// Alaveteli's configuration, config/general.yml, as far as mail is concerned.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace guichet::cli {

class GeneralYml {
 public:
  // Of the file's text. The error is one line, with the line number where there is one.
  [[nodiscard]] static tl::expected<GeneralYml, std::string> parse(const std::string& text);

  // The value as text ("true", "995"), or Alaveteli's own default when the file does not say. A Ruby symbol
  // is its name.
  [[nodiscard]] std::string value(std::string_view key) const;
  [[nodiscard]] bool says(std::string_view key) const { return values_.contains(key); }
  // It is a template: <% … %>. Alaveteli reads plain YAML, so something makes the file from it first.
  [[nodiscard]] bool is_computed(std::string_view key) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace guichet::cli
