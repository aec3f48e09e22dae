#include "filters/counted_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using Outcome = NameAnswer::Outcome;

// Names that begin with "void" are not there; each answer takes its time.
class SlowNames : public Names {
 public:
  NameAnswer ask(const NameQuestion& question) override {
    asked.push_back(question);
    now += answer_time;
    if (question.name.starts_with("void")) return {Outcome::nothing, {}};
    return {Outcome::found, {record}};
  }
  void expect(const std::vector<NameQuestion>& questions) override {
    expected.insert(expected.end(), questions.begin(), questions.end());
  }

  std::vector<NameQuestion> asked, expected;
  std::string record = "192.0.2.1";
  CountedNames::Clock::duration answer_time{};
  CountedNames::Clock::time_point now{};
};

class CountedNamesTest : public testing::Test {
 protected:
  Outcome ask(const std::string& name, NameType type = NameType::a) {
    return counted_.ask({name, type}).outcome;
  }

  SlowNames names_;
  CountedNames counted_{names_, {}, [this] { return names_.now; }};
};

TEST_F(CountedNamesTest, AsksTheSameQuestionOnce) {
  for (const auto* name : {"a.example", "A.Example", "a.example"})
    EXPECT_EQ(ask(name), Outcome::found);
  EXPECT_EQ(ask("void.example"), Outcome::nothing);
  EXPECT_EQ(ask("VOID.example"), Outcome::nothing);
  EXPECT_EQ(ask("a.example", NameType::txt), Outcome::found);
  EXPECT_EQ(names_.asked.size(), 3u);
  EXPECT_EQ(counted_.queries(), 3u);
  EXPECT_EQ(counted_.voids(), 1u);
}

TEST_F(CountedNamesTest, StopsAtThirtyAndStillKnowsWhatItKnows) {
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(ask(std::to_string(i) + ".example"), Outcome::found) << i;
  for (int i = 30; i < 1'000; ++i)
    EXPECT_EQ(ask(std::to_string(i) + ".example"), Outcome::failed) << i;
  EXPECT_EQ(ask("7.example"), Outcome::found);
  EXPECT_EQ(names_.asked.size(), 30u);
  EXPECT_EQ(counted_.refused(), 970u);
  EXPECT_EQ(counted_.evidence().size(), 30u);
}

TEST_F(CountedNamesTest, CountsWhatIsExpectedAsIfItWereAsked) {
  std::vector<NameQuestion> many;
  for (int i = 0; i < 40; ++i)
    many.push_back({std::to_string(i) + ".example", NameType::a});
  many.insert(many.begin(), {{"no name", NameType::a}, {"0.EXAMPLE", NameType::a}});
  counted_.expect(many);
  counted_.expect(many);
  EXPECT_EQ(names_.expected.size(), 30u);
  EXPECT_EQ(counted_.queries(), 30u);
  EXPECT_EQ(ask("29.example"), Outcome::found);
  EXPECT_EQ(ask("30.example"), Outcome::failed);
  EXPECT_EQ(names_.asked.size(), 1u);
}

TEST_F(CountedNamesTest, WaitsForTwentySecondsInAll) {
  names_.answer_time = 7s;
  for (const auto* name : {"a.b", "c.d", "e.f"})
    EXPECT_EQ(ask(name), Outcome::found);
  EXPECT_EQ(ask("g.h"), Outcome::failed);
  counted_.expect({{"i.j", NameType::a}});
  EXPECT_TRUE(names_.expected.empty());
  EXPECT_EQ(ask("a.b"), Outcome::found);
  EXPECT_EQ(names_.asked.size(), 3u);
}

TEST_F(CountedNamesTest, KeepsAnswersAsEvidenceAsLongAsTheyAreNotTooLong) {
  names_.record = std::string(100 * 1024, 'k');
  for (const auto* name : {"a.b", "c.d", "e.f"})
    EXPECT_EQ(ask(name, NameType::txt), Outcome::found);
  names_.record = "short";
  EXPECT_EQ(ask("g.h", NameType::txt), Outcome::found);
  ASSERT_EQ(counted_.evidence().size(), 3u);
  EXPECT_EQ(counted_.evidence_left_out(), 1u);
  EXPECT_EQ(counted_.evidence()[2], (DnsEvidence{{"g.h", NameType::txt}, {Outcome::found, {"short"}}}));
}

TEST_F(CountedNamesTest, LetsNoOtherNameReachDns) {
  const std::string label(63, 'x');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'y');
  ASSERT_EQ(longest.size(), 253u);
  const std::vector<std::string> good{"a",     "a.b",  "_spf.x-y.example", "selector._domainkey.\xC3\xA9.fr",
                                      longest, "a'b.c"};
  const std::vector<std::string> bad{"",
                                     ".",
                                     "a.",
                                     ".a",
                                     "a..b",
                                     longest + "y",
                                     std::string(64, 'x') + ".b",
                                     std::string("a\0b.c", 5),
                                     "a b.c",
                                     "a\nb",
                                     "a\x7F",
                                     "a\\046b.c",
                                     "\t"};
  for (const auto& name : good)
    EXPECT_TRUE(may_be_asked({name, NameType::txt})) << name;
  for (const auto& name : bad) {
    EXPECT_FALSE(may_be_asked({name, NameType::txt})) << name;
    EXPECT_EQ(ask(name), Outcome::nothing) << name;
  }
  EXPECT_FALSE(may_be_asked({"a.b", static_cast<NameType>(255)}));
  EXPECT_TRUE(names_.asked.empty());
  EXPECT_EQ(counted_.queries(), 0u);
}

}  // namespace
}  // namespace guichet::filters
