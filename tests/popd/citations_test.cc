// A section of an RFC that a comment of this room cites is in the support table of its README.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace guichet::popd {
namespace {

using Citations = std::map<std::string, std::string>;  // "RFC 1939 section 5" → where

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Comments fold over lines: "RFC 2449 section\n// 6.6" is one citation.
std::string unfolded(const std::string& text) {
  return std::regex_replace(text, std::regex("\\s*\\n\\s*//\\s*"), " ");
}

void collect(const std::filesystem::path& file, Citations& citations) {
  const std::string text = unfolded(text_of(file));
  const std::regex form("RFC (\\d+) sections? (\\d+(?:\\.\\d+)*)(?: and (\\d+(?:\\.\\d+)*))?");
  for (auto at = std::sregex_iterator(text.begin(), text.end(), form); at != std::sregex_iterator(); ++at) {
    for (const std::size_t group : {2U, 3U}) {
      if (!(*at)[group].matched) continue;
      citations["RFC " + (*at)[1].str() + " section " + (*at)[group].str()] = file.filename().string();
    }
  }
}

Citations cited() {
  Citations citations;
  for (const auto& entry : std::filesystem::directory_iterator(GUICHET_POPD_DIR)) {
    const auto extension = entry.path().extension();
    if (extension == ".h" || extension == ".cc") collect(entry.path(), citations);
  }
  return citations;
}

// Rows "| RFC 1939 | 5 | yes | … |".
std::set<std::string> supported() {
  std::set<std::string> rows;
  const std::string text = text_of(std::filesystem::path(GUICHET_POPD_DIR) / "README.md");
  const std::regex form("\\n\\| RFC (\\d+) \\| (\\d+(?:\\.\\d+)*) \\| (yes|partly|no) \\| [^|]+ \\|");
  for (auto at = std::sregex_iterator(text.begin(), text.end(), form); at != std::sregex_iterator(); ++at) {
    rows.insert("RFC " + (*at)[1].str() + " section " + (*at)[2].str());
  }
  return rows;
}

TEST(Citations, AreInTheSupportTable) {
  const auto rows = supported();
  const auto citations = cited();
  EXPECT_GT(citations.size(), 10U);
  for (const auto& [citation, file] : citations) {
    EXPECT_TRUE(rows.contains(citation))
        << citation << ", cited in popd/" << file << ", is not in popd/README.md";
  }
}

}  // namespace
}  // namespace guichet::popd
