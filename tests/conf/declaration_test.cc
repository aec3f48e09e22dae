#include "conf/declaration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace guichet::conf {
namespace {

template <typename Visit>
void for_each_option(Visit visit) {
  for (const Section& section : declaration()) {
    for (const Option& option : section.options) {
      SCOPED_TRACE(std::string(section.name) + "." + std::string(option.key));
      visit(section, option);
    }
  }
}

Settings fresh(const Section& section) {
  Settings settings;
  if (section.repeated()) section.append(settings);
  return settings;
}

bool is_sentence(std::string_view text) {
  return text.ends_with('.') && !text.starts_with(' ');
}

TEST(Declaration, DocumentsEveryKey) {
  for (const Section& section : declaration())
    EXPECT_TRUE(is_sentence(section.doc)) << section.name;
  for_each_option([](const Section&, const Option& option) {
    EXPECT_TRUE(is_sentence(option.doc));
    EXPECT_EQ(option.doc.find("  "), std::string_view::npos) << "two strings joined with two blanks";
    EXPECT_FALSE(allowed(option.form).empty());
  });
}

TEST(Declaration, NamesEveryKeyOnce) {
  std::set<std::string> names;
  for_each_option([&](const Section& section, const Option& option) {
    EXPECT_TRUE(names.insert(std::string(section.name) + "." + std::string(option.key)).second);
    EXPECT_EQ(find_option(*find_section(section.name), option.key), &option);
  });
  EXPECT_EQ(find_section("stor"), nullptr);
  EXPECT_EQ(find_option(*find_section("store"), "pat"), nullptr);
}

// Two keys stored in one field would each show the other's value.
TEST(Declaration, GivesEveryKeyAFieldOfItsOwn) {
  for_each_option([](const Section& section, const Option& option) {
    Settings settings = fresh(section);
    Value changed = option.initial;
    if (auto* number = std::get_if<std::uint64_t>(&changed)) *number += 1;
    if (auto* flag = std::get_if<bool>(&changed)) *flag = !*flag;
    if (auto* text = std::get_if<std::string>(&changed)) *text += "x";
    if (auto* list = std::get_if<Strings>(&changed)) list->push_back("x");
    if (const auto* choice = std::get_if<Choice>(&option.form)) changed = choice->names.back();
    if (changed == option.initial) changed = std::get<Choice>(option.form).names.front();
    option.place.set(settings, changed);
    for (const Option& other : section.options) {
      EXPECT_EQ(other.place.get(settings), &other == &option ? changed : other.initial) << other.key;
    }
  });
}

TEST(Declaration, HasDefaultsThatAreAllowed) {
  for_each_option([](const Section&, const Option& option) {
    if (const auto* number = std::get_if<Number>(&option.form)) {
      EXPECT_GE(std::get<std::uint64_t>(option.initial), number->min);
      EXPECT_LE(std::get<std::uint64_t>(option.initial), number->max);
    }
    if (const auto* choice = std::get_if<Choice>(&option.form)) {
      EXPECT_NE(std::ranges::find(choice->names, std::get<std::string>(option.initial)), choice->names.end());
    }
    if (const auto* list = std::get_if<TextList>(&option.form)) {
      for (const std::string& text : std::get<Strings>(option.initial))
        EXPECT_TRUE(list->shape->holds(text)) << text;
    }
  });
}

TEST(Declaration, StoresBothEndsOfEveryRange) {
  for_each_option([](const Section& section, const Option& option) {
    const auto* number = std::get_if<Number>(&option.form);
    if (number == nullptr) return;
    for (const std::uint64_t end : {number->min, number->max}) {
      Settings settings = fresh(section);
      option.place.set(settings, end);
      EXPECT_EQ(option.place.get(settings), Value(end));
    }
  });
}

TEST(Declaration, StoresEveryChoice) {
  for_each_option([](const Section& section, const Option& option) {
    const auto* choice = std::get_if<Choice>(&option.form);
    if (choice == nullptr) return;
    for (const std::string& name : choice->names) {
      Settings settings = fresh(section);
      option.place.set(settings, name);
      EXPECT_EQ(option.place.get(settings), Value(name));
    }
  });
}

TEST(OptionText, ShowsAmountsForPeople) {
  EXPECT_EQ(amount_text(300, "seconds"), "300");
  EXPECT_EQ(amount_text(9999, {}), "9999");
  EXPECT_EQ(amount_text(10'000, {}), "10_000");
  EXPECT_EQ(amount_text(268'435'456, "octets"), "268_435_456 (256 MiB)");
  EXPECT_EQ(amount_text(220'000'000, "octets"), "220_000_000 (220 MB)");
  EXPECT_EQ(range_text({.min = 512, .max = 65'536, .unit = "octets"}), "512 to 65_536 octets");
  EXPECT_EQ(range_text({.min = 0, .max = 8'388'608, .unit = "octets"}), "0 to 8_388_608 octets (0 to 8 MiB)");
}

TEST(OptionText, WritesToml) {
  EXPECT_EQ(toml_text(Value(std::uint64_t{1'234'567})), "1_234_567");
  EXPECT_EQ(toml_text(Value(R"(a"b\c)")), R"("a\"b\\c")");
  EXPECT_EQ(toml_text(Value(Strings{"a", "b"})), R"(["a", "b"])");
  EXPECT_EQ(toml_text(Value(Strings{})), "[]");
  EXPECT_EQ(toml_text(Value(true)), "true");
  EXPECT_EQ(toml_text(Value(false)), "false");
}

}  // namespace
}  // namespace guichet::conf
