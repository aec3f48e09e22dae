#include "smtpd/address.h"

#include <gtest/gtest.h>

#include <vector>

namespace guichet::smtpd::test {
namespace {

using namespace std::string_view_literals;

struct Accepted {
  std::string_view argument;
  std::string_view local_part;
  std::string_view domain;
  std::string_view written;
};

TEST(Address, ReadsWhatPostfixReads) {
  for (const auto& [argument, local_part, domain, written] : std::vector<Accepted>{
           {"<a@b>", "a", "b", "a@b"},
           {"<>", "", "", ""},
           {"< >", "", "", ""},
           {">", "", "", ""},
           {"a@b", "a", "b", "a@b"},
           {"a@b>", "a", "b", "a@b"},
           {"<a@b>>", "a", "b", "a@b"},
           {"<a@b>;", "a", "b", "a@b"},
           {"<a@b;>", "a", "b", "a@b"},
           {"<<a@b>>", "a", "b", "a@b"},
           {"<The Clerk <a@b>>", "a", "b", "a@b"},
           {"\"The Clerk\"<a@b>", "a", "b", "a@b"},
           {"< a\t@ b >", "a", "b", "a@b"},
           {"<postmaster>", "postmaster", "", "postmaster"},
           {"<\"a b\"@x>", "a b", "x", "\"a b\"@x"},
           {"<\"a\\\"b\"@x>", "a\"b", "x", "\"a\\\"b\"@x"},
           {"<\"a@evil\"@x>", "a@evil", "x", "\"a@evil\"@x"},
           {"\"a>b\"@x", "a>b", "x", "\"a>b\"@x"},
           {"<a.\"b c\".d@x>", "a.b c.d", "x", "a.\"b c\".d@x"},
           {"<a\\ b@x>", "a b", "x", "a\\ b@x"},
           {"<a\\@b@x>", "a@b", "x", "a\\@b@x"},
           {"<\"\"@x>", "", "x", "\"\"@x"},
           {"<@x>", "", "x", "@x"},
           {"<a@[127.0.0.1]>", "a", "[127.0.0.1]", "a@[127.0.0.1]"},
           {"<a@[IPv6:::1]>", "a", "[IPv6:::1]", "a@[IPv6:::1]"},
           {"<@h1,@h2:u@x>", "u", "x", "u@x"},
           {"<@ h1 : u@x >", "u", "x", "u@x"},
           {"<@[IPv6:::1]:u@x>", "u", "x", "u@x"},
           {"<@h:>", "", "", ""},
           {"<a@b@x>", "a@b", "x", "a@b@x"},
           {"<a%b@x>", "a%b", "x", "a%b@x"},
           {"<a!b@x>", "a!b", "x", "a!b@x"},
           {"<a@x.>", "a", "x", "a@x."},
           {"<a..b.@x_y>", "a..b.", "x_y", "a..b.@x_y"},
           {"<../../etc@x>", "../../etc", "x", "../../etc@x"},
           {"</o=A/ou=B/cn=C@x>", "/o=A/ou=B/cn=C", "x", "/o=A/ou=B/cn=C@x"},
           {"<|cmd@x>", "|cmd", "x", "|cmd@x"},
           {"<mailto:a@x>", "mailto:a", "x", "mailto:a@x"},
           {"<\xc3\xbc@\xff>", "\xc3\xbc", "\xff", "\xc3\xbc@\xff"},
       }) {
    SCOPED_TRACE(argument);
    const auto parse = parse_path(argument);
    ASSERT_TRUE(parse);
    EXPECT_EQ(parse->path.local_part, local_part);
    EXPECT_EQ(parse->path.domain, domain);
    EXPECT_EQ(parse->path.written, written);
    EXPECT_EQ(parse->consumed, argument.size());
    const auto again = parse_path("<" + parse->path.written + ">");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->path, parse->path);
  }
}

TEST(Address, ReadsNothingFromWhatIsBroken) {
  for (const auto argument :
       {"",         " ",       "<a@b",      "<a@>",         "<@>",     "<a@x@>",  "<a b@c>",  "<a@x y>",
        "<a@x..y>", "<a@.x>",  "<a@.>",     "<;id;@>",      "<a@[>",   "<a@[]>",  "<a@[x]y>", "<a@[1.2.3.4>",
        "<a@x:25>", "<\"a@x>", "\"a@x",     "<a\"@x>",      "<a<b@x>", "<a>b@x>", "a>b@x",    "<a@x>SIZE=10",
        "<a@x\\",   "a@x\\",   "<a\x01@x>", "<\"a\x7f\"@x>"}) {
    EXPECT_FALSE(parse_path(argument)) << argument;
  }
  EXPECT_FALSE(parse_path("<a\0@x>"sv));
  EXPECT_FALSE(parse_path("<\"a\\\0\"@x>"sv));
}

TEST(Address, LeavesTheParameters) {
  for (const auto argument :
       {"<a@b> SIZE=10"sv, "a@b\tSIZE=10"sv, "  <a@b> ENVID=\"<"sv, "\"x y\"@b BODY=7BIT"sv}) {
    const auto parse = parse_path(argument);
    ASSERT_TRUE(parse) << argument;
    EXPECT_EQ(argument.substr(parse->consumed).find_first_of(" \t"), 0U);
  }
  EXPECT_EQ(parse_path("  <a@b> SIZE=10")->consumed, 7U);
}

TEST(Address, HasNoLimitOfItsOwn) {
  const std::string longest = "<" + std::string(2000, 'a') + "@" + std::string(2000, 'b') + ">";
  EXPECT_TRUE(parse_path(longest));
}

TEST(Address, KnowsThePostmaster) {
  EXPECT_TRUE(is_bare_postmaster(parse_path("<PostMaster>")->path));
  EXPECT_FALSE(is_bare_postmaster(parse_path("<postmaster@x>")->path));
  EXPECT_FALSE(is_bare_postmaster(parse_path("<>")->path));
  EXPECT_TRUE(parse_path("<>")->path.null());
}

}  // namespace
}  // namespace guichet::smtpd::test
