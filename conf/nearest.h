// The known word that a mistyped one was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guichet::conf {

// By edit distance; the first of several. `words` is not empty.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& words);

// Levenshtein's: insertions, deletions and replacements of one octet.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

}  // namespace guichet::conf
