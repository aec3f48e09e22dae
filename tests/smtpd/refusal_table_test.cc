// Every reply that refuses, as the sources of smtpd/ write it, is a row of the table in smtpd/README.md, with
// its reason; and every reason has a row.
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

#include "smtpd/refusal.h"

namespace guichet::smtpd::test {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string reply;   // "550 5.1.1"
  std::string reason;  // "unknown_recipient"
  friend auto operator<=>(const Row&, const Row&) = default;
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "| 550 5.1.1 | when | unknown_recipient | then |", of 400 and above
std::set<Row> documented() {
  std::set<Row> rows;
  std::ifstream in(fs::path(GUICHET_SMTPD) / "README.md");
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> cells;
    std::istringstream split(line);
    for (std::string cell; std::getline(split, cell, '|');)
      cells.push_back(trimmed(cell));
    if (cells.size() < 5 || (cells[1][0] != '4' && cells[1][0] != '5')) continue;
    const bool of_rfcs = cells[1].size() > 3 && cells[1][3] != ' ';  // "5321", of the table above it
    if (!of_rfcs) rows.insert({cells[1], cells[3]});
  }
  return rows;
}

bool is_refusing_code(std::string_view text) {
  return text.size() > 5 && (text[0] == '4' || text[0] == '5') &&
         std::isdigit(static_cast<unsigned char>(text[1])) &&
         std::isdigit(static_cast<unsigned char>(text[2])) && text[3] == ',';
}

constexpr std::string_view given_by_caller = "why";

bool has_reply(const std::set<Row>& rows, const std::string& reply) {
  return std::ranges::any_of(rows, [&](const Row& row) { return row.reply == reply; });
}

// In: `550, "5.1.1", …, Refusal::unknown_recipient};`
Row read_reply(const std::string& statement) {
  const auto quote = statement.find('"');
  const auto enhanced = statement.substr(quote + 1, statement.find('"', quote + 1) - quote - 1);
  Row row{statement.substr(0, 3) + (enhanced.empty() ? "" : " " + enhanced), ""};
  static constexpr std::string_view mark = "Refusal::";
  const auto reason = statement.find(mark);
  if (reason == std::string::npos && statement.ends_with(", why}")) row.reason = given_by_caller;
  if (reason == std::string::npos) return row;
  for (auto at = reason + mark.size();
       std::isalpha(static_cast<unsigned char>(statement[at])) || statement[at] == '_'; ++at)
    row.reason += statement[at];
  return row;
}

std::set<Row> written() {
  std::set<Row> rows;
  for (const auto& entry : fs::directory_iterator(GUICHET_SMTPD)) {
    if (entry.path().extension() != ".cc") continue;
    const auto text = text_of(entry.path());
    for (auto at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
      if (is_refusing_code(std::string_view(text).substr(at + 1)))
        rows.insert(read_reply(text.substr(at + 1, text.find(";\n", at) - at - 1)));
  }
  return rows;
}

TEST(RefusalTable, HasEveryReplyThatTheSourcesWrite) {
  const auto rows = documented();
  const auto replies = written();
  ASSERT_GT(replies.size(), 25U);
  for (const auto& reply : replies)
    EXPECT_TRUE(reply.reason == given_by_caller ? has_reply(rows, reply.reply) : rows.contains(reply))
        << reply.reply << " for the reason \"" << reply.reason << "\"";
}

TEST(RefusalTable, HasEveryReasonAndNoOther) {
  std::set<std::string> reasons;
  for (const auto& row : documented())
    reasons.insert(row.reason);
  std::set<std::string> known(refusal_names.begin() + 1, refusal_names.end());
  EXPECT_EQ(reasons, known);
}

}  // namespace
}  // namespace guichet::smtpd::test
