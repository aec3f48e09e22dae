#include "filters/author.h"

#include <gtest/gtest.h>

#include <string>

#include "filters/domain_name.h"

namespace guichet::filters {
namespace {

TEST(Author, IsTheDomainOfTheFromField) {
  for (const std::string field : {
           "a@Legit.example",
           " <a@legit.example>",
           "A. Dupont <a@legit.example>",
           "\"Dupont, A. <x@attack.example>\" <a@legit.example>",
           "=?utf-8?B?PGFAYXR0YWNrLmV4YW1wbGU+?= <a@legit.example>",
           "M\xc3\xa9lanie <m\xc3\xa9l@legit.example>",
           "a@legit.example (A. Dupont)",
           "(le bureau (nord)) A. \"D\" Dupont <a@legit.example> (poste 3)",
           "A\r\n\t<a@legit.example>",
           "\"a b\"@legit.example",
           "\"a\\\"b\" <a@legit.example>",
           "a@legit.example, B <b@LEGIT.example>",
           "a..b.@legit.example",
       })
    EXPECT_EQ(author_of_field(field), (Author{.domain = "legit.example", .why = ""})) << field;
}

TEST(Author, IsNobodyWhereTwoReadersMayDiffer) {
  for (const std::string field : {
           "<a@legit.example(a.attack.example>",
           "<a@legit.example (comment)>",
           "a (comment) @legit.example",
           "a@legit.example (or <x@attack.example>)",
           "<a@legit.example'@any.attack.example>",
           "x@attack.example <a@legit.example>",
           "<x@attack.example> <a@legit.example>",
           "<a@legit.example> x@attack.example",
           "<a@legit.example>, ",
           ", <a@legit.example>",
           "<@attack.example,@any.example:a@legit.example>",
           "<@attack.example:a@legit.example>",
           "group: a@legit.example;",
           "undisclosed recipients:;",
           "\"a@attack.example\"@legit.example",
           "\"a@attack.example,\"@legit.example",
           "=?utf-8?Q?a=40attack.example=2C?=@legit.example",
           "=?utf-8?B?PGFAbGVnaXQuZXhhbXBsZT4=?=",
           "=?utf-8?B?PGFAbGVnaXQuZXhhbXBsZT4=?=, <x@attack.example>",
           "a @legit.example",
           "a@ legit.example",
           "a@\r\n legit.example",
           "<a@legit.example",
           "a@legit.example>",
           "\"a <a@legit.example>",
           "(a <a@legit.example>",
           "<a@legit.example>\\",
           "a@legit.example; x@attack.example",
           "nobody",
           "@legit.example",
           "<>",
       }) {
    const auto author = author_of_field(field);
    EXPECT_EQ(author.domain, "") << field;
    EXPECT_NE(author.why, "") << field;
  }
}

TEST(Author, SaysWhy) {
  const auto why = [](const std::string& field) { return author_of_field(field).why; };
  EXPECT_EQ(why(" \r\n "), "the From field is empty");
  EXPECT_EQ(why(std::string("a@legit.example\0.attack.example", 31)),
            "the From field has control characters");
  EXPECT_EQ(why("a@legit.example, x@attack.example"), "the From addresses are of several domains");
  EXPECT_EQ(why("a@[192.0.2.1]"), "the From field can be read in more than one way");
  EXPECT_EQ(why("a@legit_example..fr"), "the domain of the From address is not the name of a domain");
  EXPECT_EQ(why("a@minist\xc3\xa8re.example"), "the domain of the From address is not the name of a domain");
  EXPECT_EQ(author_of_field("a@xn--ministre-60a.example").domain, "xn--ministre-60a.example");
}

TEST(Author, IsOfExactlyOneField) {
  const auto of = [](const std::string& octets) { return author_of(split(octets)); };
  EXPECT_EQ(of("From: a@legit.example\r\n\r\n").domain, "legit.example");
  EXPECT_EQ(of("fRoM \t: a@legit.example\r\n\r\n").domain, "legit.example");
  EXPECT_EQ(of("To: a@legit.example\r\n\r\n").why, "there is no From field");
  EXPECT_EQ(of(" From: a@legit.example\r\n\r\n").why, "there is no From field");
  EXPECT_EQ(of("To: x\r\n\r\nFrom: a@legit.example\r\n").why, "there is no From field");
  for (const std::string second : {"From", "from", "FROM ", "From\t"})
    EXPECT_EQ(of("From: a@legit.example\r\n" + second + ": a@legit.example\r\n\r\n").why,
              "there are several From fields");
  EXPECT_EQ(of("From: a@legit.example\r\nFrom: " + std::string(70'000, 'x') + "@attack.example\r\n\r\n").why,
            "the header is too large to be read whole");
  EXPECT_EQ(of("From: " + std::string(70'000, 'x') + "@attack.example\r\nFrom: a@legit.example\r\n\r\n").why,
            "the header is too large to be read whole");
  EXPECT_EQ(of("From me Sat\r\nFrom: a@legit.example\r\n\r\n").domain, "legit.example");
}

TEST(Author, IsReadInLinearTime) {
  for (const std::string piece : {"(", "\"", "a@b.example,", "<", "a ", "(()", "\\", "\"a\" "}) {
    std::string field;
    while (field.size() < 60'000)
      field += piece;
    EXPECT_EQ(author_of_field(field).domain, "") << piece;
  }
}

TEST(DomainName, IsLettersDigitsAndHyphens) {
  const std::string label(63, 'a');
  for (const std::string& name : {std::string("a"), std::string("_dmarc.A-1.example"), label + "." + label})
    EXPECT_TRUE(is_domain_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("a b"), std::string("a\0b", 3), "a" + label, std::string("\xc3\xa9"),
        label + "." + label + "." + label + "." + label})
    EXPECT_FALSE(is_domain_name(name)) << name;
  EXPECT_TRUE(is_within("a.b", "b"));
  EXPECT_TRUE(is_within("b", "b"));
  EXPECT_FALSE(is_within("ab", "b"));
}

}  // namespace
}  // namespace guichet::filters
