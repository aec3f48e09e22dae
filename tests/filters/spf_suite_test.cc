// The openspf test suite for RFC 7208, release 2014.04, read from outside the project: GUICHET_SPF_SUITE, or
// shared/data/spf beside the project's folder. Every case must hold; a miss is printed with what was
// expected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "filters/spf.h"
#include "tests/filters/names_fake.h"

namespace guichet::filters {
namespace {

std::filesystem::path suite_path() {
  const char* said = std::getenv("GUICHET_SPF_SUITE");
  return said ? said : GUICHET_SPF_SUITE;
}

// In the suite "\x96" means the octet; YAML makes the character U+0096 of it, in UTF-8.
std::string octets_of(const std::string& utf8) {
  std::string made;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if ((lead == 0xC2 || lead == 0xC3) && i + 1 < utf8.size())
      made += static_cast<char>((lead << 6 & 0xC0) | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
    else
      made += utf8[i];
  }
  return made;
}

std::string text_of(const YAML::Node& node) {
  return node && node.IsScalar() ? octets_of(node.Scalar()) : "";
}

std::string without_end_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::string lower_case(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

// A sequence is the strings of one record, or the preference and name of an MX.
std::string record_text(const std::string& type, const YAML::Node& value) {
  if (type == "MX") return text_of(value[0]) + " " + without_end_dot(text_of(value[1]));
  if (type == "PTR" || type == "CNAME") return without_end_dot(text_of(value));
  if (!value.IsSequence()) return text_of(value);
  std::string made;
  for (const auto& piece : value)
    made += text_of(piece);
  return made;
}

// What the suite says of one name. "TIMEOUT": every type that is not listed does not answer. "TXT: NONE":
// there is no TXT record, and none is made of the SPF records either; else they are TXT records where there
// are none.
struct Node {
  std::map<std::string, std::vector<std::string>> records;
  bool times_out = false;
  bool without_txt = false;

  const std::vector<std::string>* of(const std::string& type) const {
    auto found = records.find(type);
    if (found == records.end() && type == "TXT" && !without_txt) found = records.find("SPF");
    return found == records.end() ? nullptr : &found->second;
  }
};

Node node_of(const YAML::Node& entries) {
  Node made;
  for (const auto& entry : entries) {
    if (entry.IsScalar()) {
      EXPECT_EQ(entry.Scalar(), "TIMEOUT");
      made.times_out = true;
      continue;
    }
    for (const auto& record : entry) {
      const auto type = record.first.Scalar();
      if (type == "TXT" && record.second.IsScalar() && record.second.Scalar() == "NONE")
        made.without_txt = true;
      else
        made.records[type].push_back(record_text(type, record.second));
    }
  }
  return made;
}

class Zone {
 public:
  explicit Zone(const YAML::Node& data) {
    for (const auto& item : data)
      nodes_.emplace(lower_case(item.first.Scalar()), node_of(item.second));
  }

  NameAnswer answer(const NameQuestion& question) const {
    static const std::map<NameType, std::string> types{{NameType::a, "A"},
                                                       {NameType::aaaa, "AAAA"},
                                                       {NameType::mx, "MX"},
                                                       {NameType::ptr, "PTR"},
                                                       {NameType::txt, "TXT"}};
    std::set<std::string> seen;
    auto name = lower_case(question.name);
    while (seen.insert(name).second) {
      const auto found = nodes_.find(name);
      if (found == nodes_.end()) return {NameAnswer::Outcome::nothing, {}};
      const auto& node = found->second;
      if (const auto* records = node.of(types.at(question.type)))
        return {NameAnswer::Outcome::found, *records};
      if (node.times_out) return {NameAnswer::Outcome::failed, {}};
      const auto* alias = node.of("CNAME");
      if (!alias) return {NameAnswer::Outcome::nothing, {}};
      name = lower_case(alias->front());
    }
    return {NameAnswer::Outcome::failed, {}};  // RFC 1034 3.6.2: a loop of aliases is an error
  }

 private:
  std::map<std::string, Node> nodes_;
};

std::vector<std::string> results_of(const YAML::Node& node) {
  return node.IsSequence() ? node.as<std::vector<std::string>>() : std::vector{node.Scalar()};
}

// "": it holds.
std::string miss(const YAML::Node& test, const Zone& zone) {
  NamesFake names;
  names.otherwise = [&](const NameQuestion& question) { return zone.answer(question); };
  const SpfQuestion question{.client = text_of(test["host"]),
                             .helo = text_of(test["helo"]),
                             .mail_from = text_of(test["mailfrom"]),
                             .hostname = "mx.receiver.example",
                             .received_unix_s = 1'700'000'000};
  const auto found = check_spf(names, question);
  EXPECT_LE(names.queries(), question.limits.queries_max);
  const auto results = results_of(test["result"]);
  const std::string got(name_of(found.result));
  if (std::ranges::find(results, got) == results.end())
    return "expected " + testing::PrintToString(results) + ", got " + got + " (" + found.explanation + ")";
  if (!test["explanation"] || found.result != AuthResult::fail) return "";
  auto explanation = text_of(test["explanation"]);
  if (explanation == "DEFAULT") explanation = "";  // the checker's own text: we have none
  if (explanation == found.explanation) return "";
  return "expected the explanation \"" + explanation + "\", got \"" + found.explanation + "\"";
}

TEST(SpfSuite, Holds) {
  const auto path = suite_path();
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "the RFC 7208 suite is not at " << path << "; GUICHET_SPF_SUITE may name it";
  constexpr std::size_t tests_known = 203;
  std::size_t tests = 0, explanations = 0;
  std::vector<std::string> misses;
  for (const auto& scenario : YAML::LoadAllFromFile(path)) {
    const Zone zone(scenario["zonedata"]);
    for (const auto& test : scenario["tests"]) {
      ++tests;
      if (test.second["explanation"]) ++explanations;
      if (auto text = miss(test.second, zone); !text.empty())
        misses.push_back(test.first.Scalar() + ": " + text);
    }
  }
  std::cout << tests - misses.size() << " of " << tests << " cases hold, " << explanations
            << " of them with an explanation\n";
  EXPECT_EQ(tests, tests_known);
  EXPECT_GT(explanations, 0u);
  EXPECT_THAT(misses, testing::IsEmpty());
}

}  // namespace
}  // namespace guichet::filters
