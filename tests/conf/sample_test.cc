// conf/guichet.toml is generated from the declaration; this is what keeps the two one.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "conf/declaration.h"
#include "tests/conf/config_file.h"

namespace guichet::conf {
namespace {

const std::filesystem::path conf_folder = std::filesystem::path(GUICHET_SOURCE_DIR) / "conf";

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool assigns(std::string_view line, const Option& option) {
  if (line.starts_with("# ")) line.remove_prefix(2);
  return line.starts_with(std::string(option.key) + " = ");
}

// "# key = value" without its "# "; any other line as it is.
std::string uncommented(const std::string& line) {
  const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 2);
  const bool assignment =
      line.starts_with("# ") && end != std::string::npos && line.substr(end).starts_with(" = ");
  return assignment ? line.substr(2) : line;
}

Settings expected_settings() {
  Settings settings;
  settings.store.path = conf_folder.parent_path() / "var/store";
  settings.smtpd.listen = {"127.0.0.1:2525"};
  settings.smtpd.hostname = "mx.example.test";
  settings.popd.listen = {"127.0.0.1:2110"};
  auto& site = settings.sites.emplace_back();
  site.domain = "example.test";
  site.prefix = "foi+";
  site.maildrop = "foi";
  settings.routes = {{.recipients = {"postmaster@example.test", "abuse@example.test"}, .maildrop = "people"}};
  for (const auto* name : {"foi", "people"}) {
    settings.maildrops.emplace_back().name = name;
    settings.maildrops.back().password_file = conf_folder / "development-password";
  }
  return settings;
}

void expect_same(const Settings& actual, const Settings& expected) {
  ASSERT_EQ(actual.sites.size(), expected.sites.size());
  ASSERT_EQ(actual.routes.size(), expected.routes.size());
  ASSERT_EQ(actual.maildrops.size(), expected.maildrops.size());
  ASSERT_TRUE(actual.certificates.empty()) << "shown in the sample, not set";
  ASSERT_TRUE(actual.front_door_lists.empty()) << "shown in the sample, not set";
  ASSERT_TRUE(actual.rules.empty()) << "shown in the sample, not set";
  for (const Section& section : declaration()) {
    if (section.name == "certificate" || section.name == "front_door.list" || section.name == "rule")
      continue;
    for (const Option& option : section.options) {
      EXPECT_EQ(option.place.get(actual), option.place.get(expected)) << section.name << "." << option.key;
    }
  }
}

TEST(Sample, IsTheCheckedInFile) {
  EXPECT_EQ(contents(conf_folder / "guichet.toml"), sample());
}

TEST(Sample, ParsesToTheDevelopmentSettings) {
  const auto settings = read_settings(conf_folder / "guichet.toml", {});
  ASSERT_TRUE(settings) << settings.error().front().text;
  expect_same(*settings, expected_settings());
}

TEST(Sample, HasThePasswordFileItNames) {
  EXPECT_EQ(contents(conf_folder / "development-password"), "secret\n");
}

// What a comment calls a default is one: taken out of its comment, it changes nothing.
TEST(Sample, ShowsDefaultsThatCanBeUncommented) {
  std::string text;
  std::istringstream lines(sample());
  bool in_use = true;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[") || line.starts_with("# [[")) in_use = line.starts_with("[");
    text += (in_use ? uncommented(line) : line) + "\n";
  }
  ASSERT_NE(text, sample());
  const ConfigFile file(text);
  auto settings = read_settings(file.path(), {});
  ASSERT_TRUE(settings) << settings.error().front().text;
  Settings expected = expected_settings();
  expected.store.path = file.folder().parent_path() / "var/store";
  for (auto& maildrop : expected.maildrops)
    maildrop.password_file = file.folder() / "development-password";
  expect_same(*settings, expected);
}

TEST(Sample, HasEveryKeyOnceInItsSection) {
  std::istringstream lines(sample());
  std::string line;
  for (const Section& section : declaration()) {
    const std::string name(section.name);
    while (line != "[" + name + "]" && line != "[[" + name + "]]" && line != "# [[" + name + "]]")
      ASSERT_TRUE(std::getline(lines, line)) << name;
    for (const Option& option : section.options) {
      do
        ASSERT_TRUE(std::getline(lines, line)) << name << "." << option.key;
      while (!assigns(line, option));
    }
  }
}

TEST(Sample, FitsAHundredColumns) {
  std::istringstream lines(sample());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(Explanation, EveryKeyHasItsTextItsFormAndItsDefault) {
  for (const Section& section : declaration()) {
    for (const Option& option : section.options) {
      const auto key = std::string(section.name).append(".").append(option.key);
      const auto text = explanation(key);
      ASSERT_TRUE(text) << key;
      EXPECT_TRUE(text->starts_with(std::string(option.key) + " in [")) << *text;
      EXPECT_NE(text->find(option.doc.substr(0, option.doc.find(' '))), std::string::npos) << *text;
      EXPECT_NE(text->find(option.required ? "Required." : "Default:"), std::string::npos) << *text;
    }
  }
}

TEST(Explanation, IsAPage) {
  EXPECT_EQ(
      explanation("store.volume_age_max_days").value_or("none"),
      "volume_age_max_days in [store]\n\n"
      "  A volume is sealed at this age too, with the first message after it, however small it is; 0 seals\n"
      "  by size alone.\n\n"
      "  An integer, 0 to 3650 days. Default: 7.\n");
}

TEST(Explanation, NamesTheNearestKeyOfOneThatIsNone) {
  for (const auto* key : {"smtpd.lisen", "smptd.listen", "smtpdlisten", "smtpd.listen."})
    EXPECT_EQ(explanation(key).error(), "smtpd.listen") << key;
  for (const auto* key : {"", ".", "smtpd", "listen"})
    EXPECT_FALSE(explanation(key)) << key;
}

}  // namespace
}  // namespace guichet::conf
