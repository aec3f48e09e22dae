#include "conf/nearest.h"

#include <algorithm>
#include <numeric>

namespace guichet::conf {

std::string nearest(std::string_view word, const std::vector<std::string>& words) {
  return *std::ranges::min_element(words, {},
                                   [&](const std::string& known) { return edit_distance(word, known); });
}

// One row of the usual table at a time: row[j] is the distance from what was seen of `from` to to[0, j).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : from) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t replaced = diagonal + (c == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace guichet::conf
