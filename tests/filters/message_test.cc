#include "filters/message.h"
#include "filters/ascii.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "store/served_form.h"

namespace guichet::filters {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const Message& message) {
  std::vector<std::string> names;
  for (const auto& field : message.fields)
    names.emplace_back(field.name);
  return names;
}

TEST(Message, EndsItsHeaderAtTheFirstEmptyLine) {
  const auto message = split("From: a@b\r\nSubject : x\r\n y\r\n\r\nTo: no field\r\n");
  EXPECT_THAT(names_of(message), ElementsAre("From", "Subject"));
  EXPECT_EQ(message.fields[1].value, " x\r\n y");
  EXPECT_EQ(message.fields[1].whole, "Subject : x\r\n y");
  EXPECT_EQ(message.header, "From: a@b\r\nSubject : x\r\n y\r\n");
  EXPECT_EQ(message.body, "To: no field\r\n");
}

TEST(Message, ReadsEveryKindOfLineEnd) {
  EXPECT_THAT(names_of(split("A: 1\nB: 2\rC: 3\r\r\nD: 4\n\nbody")), ElementsAre("A", "B", "C", "D"));
}

TEST(Message, BeginsItsBodyAtALineThatIsNoField) {
  const auto message = split("A: 1\r\nno field here\r\nB: 2\r\n");
  EXPECT_THAT(names_of(message), ElementsAre("A"));
  EXPECT_EQ(message.body, "no field here\r\nB: 2\r\n");
  EXPECT_EQ(split(" leading: white space\r\n\r\nx").fields.size(), 0u);
}

TEST(Message, SkipsTheLinesOfAMailbox) {
  EXPECT_THAT(names_of(split("From me Sat\r\n>From you\r\nA: 1\r\n\r\n")), ElementsAre("A"));
  EXPECT_EQ(split("A: 1\r\nFrom me\r\n").body, "From me\r\n");
}

TEST(Message, LeavesOutWhatIsTooLarge) {
  const std::string long_field = "B: " + std::string(field_octets_max, 'x') + "\r\n";
  EXPECT_THAT(names_of(split("A: 1\r\n" + long_field + "C: 3\r\n\r\n")), ElementsAre("A", "C"));
  std::string many;
  while (many.size() < 2 * header_octets_max)
    many += "X: " + std::string(1000, 'y') + "\r\n";
  many += "\r\nbody";
  const auto message = split(many);
  EXPECT_TRUE(message.header_too_large);
  EXPECT_LE(message.fields.size() * 1000, header_octets_max);
  EXPECT_EQ(message.body, "body");
}

TEST(Message, OfNothingIsNothing) {
  EXPECT_TRUE(split("").fields.empty());
  EXPECT_EQ(split("\r\nbody").body, "body");
  EXPECT_THAT(names_of(split("A: no end")), ElementsAre("A"));
}

TEST(Message, UnfoldsAValue) {
  EXPECT_EQ(unfolded(" a\r\n\t b\r\n "), "a b");
  EXPECT_EQ(unfolded(" \r\n "), "");
}

// What is served after the renaming of no field is the header as Alaveteli reads it: the same fields, the
// same beginning of the body.
std::string served(const std::string& original) {
  store::ServedTransform transform({.version = store::served_rule_latest, .owned = {}});
  std::string out;
  const auto sink = [&](std::string_view octets) { out += octets; };
  transform.feed(original, sink);
  transform.finish(sink);
  return out;
}

TEST(Message, IsSplitWhereTheServedFormIs) {
  std::mt19937 random(20261127);
  constexpr std::string_view pieces[] = {"\r",   "\n",    "\r\n", " ", "\t",     ":",
                                         "A: b", "From ", ">",    "x", "\r\r\n", "Subject:"};
  for (int round = 0; round < 20'000; ++round) {
    std::string original;
    for (auto left = random() % 14; left > 0; --left)
      original += pieces[random() % std::size(pieces)];
    const auto ours = split(original);
    std::size_t fields = 0;
    const auto form = served(original);
    for (const auto& field : split(form).fields)
      if (!same_letters(field.name, "X-Mailbox-Line")) ++fields;
    ASSERT_EQ(ours.fields.size(), fields) << testing::PrintToString(original) << testing::PrintToString(form);
  }
}

}  // namespace
}  // namespace guichet::filters
