#include <gtest/gtest.h>

#include <filesystem>

#include "tests/conf/config_file.h"

namespace guichet::conf {
namespace {

using Arguments = std::vector<std::string>;

TEST(Override, TakesToml) {
  const Settings settings =
      settings_of(minimal, Arguments{R"(smtpd.listen=["127.0.0.1:0", "[::1]:0"])", "smtpd.threads=4",
                                     R"(store.path="/tmp/x")", R"( smtpd.hostname = 'mx.example.test' )"});
  EXPECT_EQ(settings.smtpd.listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:0"}));
  EXPECT_EQ(settings.smtpd.threads, 4u);
  EXPECT_EQ(settings.store.path, "/tmp/x");
  EXPECT_EQ(settings.smtpd.hostname, "mx.example.test");
}

TEST(Override, TakesABareWordWhereAStringIsWanted) {
  const Settings settings = settings_of(
      minimal,
      Arguments{"store.path=/tmp/x", "log.level=debug", "smtpd.hostname=mx.example.test", "smtpd.tls_cert="});
  EXPECT_EQ(settings.store.path, "/tmp/x");
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_EQ(settings.smtpd.hostname, "mx.example.test");
  EXPECT_EQ(settings.smtpd.tls_cert, "");
}

TEST(Override, WinsOverTheFileAndTheLastOverTheFirst) {
  const std::string text = with_minimal("[smtpd]\nthreads = 2\nerrors_max = 3\n");
  const Settings settings = settings_of(text, Arguments{"smtpd.threads=4", "smtpd.threads=5"});
  EXPECT_EQ(settings.smtpd.threads, 5u);
  EXPECT_EQ(settings.smtpd.errors_max, 3u);
}

// Before any check: a mistake of the file that was laid over is none.
TEST(Override, RepairsTheFile) {
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\nthreads = 0\n"), Arguments{"smtpd.threads=4"}), "");
}

TEST(Override, IsRelativeToTheCurrentFolder) {
  const Settings settings =
      settings_of(with_minimal("[store]\npath = \"a\"\n"), Arguments{"store.path=b/../c"});
  EXPECT_EQ(settings.store.path, std::filesystem::current_path() / "c");
}

TEST(Override, ReplacesAllTablesOfASection) {
  const std::string tables =
      R"(maildrop=[{name="foi", password_file="p"}, {name="b", password_hash="$6$a$b"}])";
  const Settings settings = settings_of(minimal, Arguments{tables});
  ASSERT_EQ(settings.maildrops.size(), 2u);
  EXPECT_EQ(settings.maildrops[0].password_file, std::filesystem::current_path() / "p");
  EXPECT_EQ(settings.maildrops[1].name, "b");
}

TEST(Override, IsCalledSetInMistakes) {
  const Arguments arguments{"smtpd.thread=1",
                            "stmpd.threads=1",
                            "smtpd.threads=0",
                            "smtpd.sessions_max=many",
                            "smtpd.listen=127.0.0.1:25",
                            "smtpd.hostname=5",
                            "popd.listen=[\"x\"]",
                            "log.level=loud"};
  EXPECT_EQ(
      mistakes_of(minimal, arguments),
      "--set: smtpd.sessions_max: many is not TOML; allowed is an integer, 1 to 100_000\n"
      "--set: smtpd.listen: 127.0.0.1:25 is not TOML; allowed is an array of strings, each a listen address "
      "(ADDRESS:PORT and [IPV6]:PORT, port 0 for any free one)\n"
      "--set: smtpd.thread: unknown key; the nearest known one is smtpd.threads\n"
      "--set: smtpd.threads: 0 is out of range; allowed are 1 to 64\n"
      "--set: smtpd.hostname: is an integer; allowed is a string, a domain name (letters, digits and hyphens "
      "between dots, other scripts in their xn-- form)\n"
      "--set: stmpd: unknown section; the nearest known one is smtpd\n"
      "--set: popd.listen: \"x\" is not a listen address; allowed are ADDRESS:PORT and [IPV6]:PORT, port 0 "
      "for "
      "any free one\n"
      "--set: log.level: \"loud\" is none of its values; allowed is one of \"debug\", \"info\", \"warn\", "
      "\"error\"\n");
}

TEST(Override, NeedsASectionAndAKey) {
  EXPECT_EQ(mistakes_of(minimal, Arguments{"verbose", "=1", "smtpd=1", "site.domain=\"x\"", "nowhere=x"}),
            "--set: verbose: has no =; allowed is SECTION.KEY=VALUE\n"
            "--set: : names no key; allowed is SECTION.KEY=VALUE\n"
            "--set: smtpd: names no key; allowed is SECTION.KEY=VALUE\n"
            "--set: site.domain: there can be several [[site]]; allowed is site=[{...}, ...]\n"
            "--set: nowhere: names no key; allowed is SECTION.KEY=VALUE\n");
}

TEST(Override, IsOneValue) {
  EXPECT_EQ(mistakes_of(minimal, Arguments{"smtpd.threads=4\nother = 5"}),
            "--set: smtpd.threads: 4\\x0Aother = 5 is not TOML; allowed is an integer, 1 to 64\n");
  EXPECT_EQ(mistakes_of(minimal, Arguments{"site=["}),
            "--set: site: [ is not TOML; allowed is a value in TOML\n");
}

TEST(Override, LeavesASectionThatIsNoTableToTheReader) {
  EXPECT_EQ(mistakes_of(with_minimal("smtpd = 5\n"), Arguments{"smtpd.threads=4"}),
            "FILE:1: smtpd: is an integer; allowed is a table, [smtpd]\n");
}

}  // namespace
}  // namespace guichet::conf
