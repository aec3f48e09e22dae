#include "filters/reverse.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/filters/names_fake.h"

namespace guichet::filters {
namespace {

using enum AuthResult;

TEST(Reverse, PassesWhenANameLeadsBack) {
  NamesFake names;
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "wrong.example");
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "mx.example");
  names.add("wrong.example", NameType::a, "192.0.2.9");
  names.add("mx.example", NameType::a, "192.0.2.7").add("mx.example", NameType::a, "192.0.2.1");
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names), (ReverseFinding{.result = pass, .name = "mx.example"}));
  EXPECT_EQ(evaluate_reverse("::ffff:192.0.2.1", names).result, pass);
}

TEST(Reverse, KnowsIpv6InEveryForm) {
  NamesFake names;
  names.add("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NameType::ptr,
            "mx.example");
  names.add("mx.example", NameType::aaaa, "2001:0DB8:0::1");
  EXPECT_EQ(evaluate_reverse("2001:db8::1", names).result, pass);
}

TEST(Reverse, TellsWhatIsMissing) {
  NamesFake names;
  EXPECT_EQ(evaluate_reverse("", names).result, none);
  EXPECT_EQ(evaluate_reverse("nonsense", names).result, none);
  EXPECT_EQ(names.queries(), 0u);
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names).result, permerror);
  names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "mx.example");
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names), (ReverseFinding{.result = fail, .name = "mx.example"}));
  names.fail("mx.example", NameType::a);
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names).result, temperror);
  names.fail("2.2.0.192.in-addr.arpa", NameType::ptr);
  EXPECT_EQ(evaluate_reverse("192.0.2.2", names).result, temperror);
}

TEST(Reverse, TakesOnlyNamesForNames) {
  NamesFake names;
  for (const std::string name : {"a\r\nX: y", "a b", ")", "a..b", ""})
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, name);
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names), (ReverseFinding{.result = permerror, .name = ""}));
  EXPECT_EQ(names.queries(), 1u);
}

TEST(Reverse, LooksAtFiveNames) {
  NamesFake names;
  for (int number = 0; number < 1000; ++number)
    names.add("1.2.0.192.in-addr.arpa", NameType::ptr, "n" + std::to_string(number) + ".example");
  EXPECT_EQ(evaluate_reverse("192.0.2.1", names).result, fail);
  EXPECT_EQ(names.queries(), 1 + reverse_names_max);
}

}  // namespace
}  // namespace guichet::filters
