#include "filters/dkim_canon.h"

#include <gtest/gtest.h>

#include <string>

#include "filters/tag_list.h"

namespace guichet::filters {
namespace {

constexpr auto simple = Canonicalization::simple, relaxed = Canonicalization::relaxed;

std::string body(Canonicalization how, std::string_view octets) {
  std::string out;
  canonical_body(how, octets, [&](std::string_view piece) { return out.append(piece), true; });
  return out;
}

std::string header(Canonicalization how, const std::string& octets) {
  std::string out;
  for (const auto& field : split(octets).fields)
    append_canonical(out, how, field);
  return out;
}

TEST(DkimCanon, IsThatOfTheExamples) {
  // RFC 6376 3.4.5
  const std::string fields = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n";
  EXPECT_EQ(header(relaxed, fields), "a:X\r\nb:Y Z\r\n");
  EXPECT_EQ(header(simple, fields), "A: X\r\nB : Y\t\r\n\tZ  \r\n");
  EXPECT_EQ(body(relaxed, " C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
  EXPECT_EQ(body(simple, " C \r\nD \t E\r\n\r\n\r\n"), " C \r\nD \t E\r\n");
}

struct BodyCase {
  const char* octets;
  const char* simple;
  const char* relaxed;
};

TEST(DkimCanon, EndsABodyInOneLineEnd) {
  const BodyCase cases[] = {
      {"", "\r\n", ""},  // RFC 6376 3.4.3, 3.4.4
      {"\r\n\r\n", "\r\n", ""},
      {" \t\r\n", " \t\r\n", ""},
      {"a", "a\r\n", "a\r\n"},
      {"a \t", "a \t\r\n", "a\r\n"},
      {"\r\n\r\na\r\n\r\nb\r\n\r\n", "\r\n\r\na\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n"},
      {"a\nb\rc\r\r\nd\n\r", "a\r\nb\r\nc\r\nd\r\n", "a\r\nb\r\nc\r\nd\r\n"},
      {"\t a\t\tb \r\n", "\t a\t\tb \r\n", " a b\r\n"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(body(simple, test.octets), test.simple) << testing::PrintToString(test.octets);
    EXPECT_EQ(body(relaxed, test.octets), test.relaxed) << testing::PrintToString(test.octets);
  }
}

TEST(DkimCanon, TakesUpTo64ReturnsForOneLineEnd) {
  EXPECT_EQ(body(simple, "a" + std::string(64, '\r') + "\nb"), "a\r\nb\r\n");
  // One more: the first CR is an end of its own.
  EXPECT_EQ(body(simple, "a" + std::string(65, '\r') + "\nb"), "a\r\n\r\nb\r\n");
}

TEST(DkimCanon, StopsWhenNoMoreIsWanted) {
  unsigned calls = 0;
  canonical_body(simple, std::string(1'000'000, 'x') + "\r\n" + std::string(1'000'000, 'y'),
                 [&](std::string_view) { return ++calls, false; });
  EXPECT_EQ(calls, 1u);
}

TEST(DkimCanon, GivesALongBodyWhole) {
  std::string octets;
  while (octets.size() < 300'000)
    octets += "a line\r\n\r\n";
  EXPECT_EQ(body(simple, octets), octets.substr(0, octets.size() - 2));
}

TEST(TagList, ReadsTags) {
  const auto list = TagList::read(" v = 1 ;\r\n\tb=ab\r\n cd ; e=;f=a=b;");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->first_name(), "v");
  EXPECT_EQ(list->value("v"), "1");
  EXPECT_EQ(list->value("b"), "ab\r\n cd");
  EXPECT_EQ(list->raw("b"), "ab\r\n cd ");
  EXPECT_EQ(list->value("e"), "");
  EXPECT_EQ(list->value("f"), "a=b");
  EXPECT_EQ(list->value("V"), std::nullopt);
  EXPECT_TRUE(TagList::read(""));
}

TEST(TagList, RefusesWhatIsNone) {
  for (const std::string text :
       {"a", "=1", "1a=1", "a b=1", "a=1; a=2", "a=1;;b=2", "a=\x01", "a=\x7f", "a-b=1"})
    EXPECT_FALSE(TagList::read(text)) << text;
  std::string many;
  for (std::size_t tag = 0; tag < tags_max; ++tag)
    many += "t" + std::to_string(tag) + "=;";
  EXPECT_TRUE(TagList::read(many));
  EXPECT_FALSE(TagList::read(many + "more="));
}

TEST(Base64, IsReadStrictly) {
  EXPECT_EQ(from_base64("aGVs\r\n bG8="), "hello");
  EXPECT_EQ(from_base64("aGU="), "he");
  EXPECT_EQ(from_base64("aA=="), "h");
  EXPECT_EQ(from_base64(""), "");
  for (const char* text : {"a", "aG", "aGU", "a===", "aGU=aGU=", "aG*=", "====", "=aGU"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace guichet::filters
