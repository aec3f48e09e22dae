// Every section of an RFC that the protocol's sources cite is a row of the support table in smtpd/README.md,
// and every keyword that EHLO may announce is in one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/smtpd/fake_driver.h"

namespace guichet::smtpd::test {
namespace {

namespace fs = std::filesystem;

// Each .cc stands for its .h as well.
std::vector<fs::path> sources() {
  std::vector<fs::path> files;
  std::istringstream names(GUICHET_SMTPD_SOURCES);
  for (std::string name; names >> name;) {
    const auto file = fs::path(GUICHET_SMTPD) / name;
    files.push_back(file);
    if (const auto header = fs::path(file).replace_extension(".h"); fs::exists(header))
      files.push_back(header);
  }
  return files;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// "5321 4.1.1" from "5321 4.1.1, in ..."; empty when no section follows the number. (Not std::regex, of which
// g++ 12 says under asan that it reads what it never wrote.)
std::string section_at(std::string_view text) {
  const auto number_end = text.find_first_not_of("0123456789");
  if (number_end == 0 || number_end == text.npos || text[number_end] != ' ') return "";
  const auto section = text.substr(number_end + 1);
  const bool begins = !section.empty() && (std::isdigit(static_cast<unsigned char>(section[0])) ||
                                           std::isupper(static_cast<unsigned char>(section[0])));
  auto end = std::min(section.find_first_not_of("0123456789.", 1), section.size());
  while (end > 0 && section[end - 1] == '.')
    --end;
  return begins ? std::string(text.substr(0, number_end + 1 + end)) : "";
}

std::set<std::string> sections_after(const std::string& text, std::string_view word) {
  std::set<std::string> found;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    found.insert(section_at(std::string_view(text).substr(at + word.size())));
  }
  found.erase("");
  return found;
}

// "| 5321 | 4.1.1 | yes | why |"
std::set<std::string> rows_of(const fs::path& file) {
  std::set<std::string> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::string bar, number, section, support;
    cells >> bar >> number >> bar >> section >> bar >> support;
    if (support == "yes" || support == "partly" || support == "no") rows.insert(number + " " + section);
  }
  return rows;
}

TEST(RfcTable, HasEverySectionThatIsCited) {
  const auto rows = rows_of(fs::path(GUICHET_SMTPD) / "README.md");
  ASSERT_GT(rows.size(), 20U);
  for (const auto& file : sources()) {
    for (const auto& cited : sections_after(text_of(file), "RFC ")) {
      EXPECT_TRUE(rows.contains(cited)) << file.filename() << " cites RFC " << cited;
    }
  }
}

TEST(RfcTable, HasEveryKeywordThatIsAnnounced) {
  auto everything = options();
  everything.chunking = true;
  everything.privileges = {.xclient = true, .trusted_upstream = true};
  FakeDriver driver(everything);
  driver.greet();
  driver.feed("EHLO x\r\n");
  const auto readme = text_of(fs::path(GUICHET_SMTPD) / "README.md");
  const auto tables = readme.substr(readme.find("## What is supported"),
                                    readme.find("## Replies") - readme.find("## What is supported"));
  std::istringstream lines(driver.output);
  std::size_t keywords = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(std::min<std::size_t>(4, line.size())));
    std::string keyword;
    if (!line.starts_with("250") || !(words >> keyword) || keyword == everything.hostname ||
        keyword == "HELP")
      continue;
    ++keywords;
    EXPECT_NE(tables.find(keyword), std::string::npos) << keyword << " has no row";
  }
  EXPECT_GE(keywords, 9U);
}

}  // namespace
}  // namespace guichet::smtpd::test
