#include "conf/reader.h"

#include <gtest/gtest.h>

#include "tests/conf/config_file.h"

namespace guichet::conf {
namespace {

std::string first_mistake(const std::filesystem::path& file) {
  const auto settings = read_settings(file, {});
  return settings ? "" : settings.error().front().text;
}

TEST(Reader, LeavesDefaultsWhereNothingIsSaid) {
  const Settings settings = settings_of(minimal);
  EXPECT_EQ(settings.store.path, "/var/lib/guichet");
  EXPECT_EQ(settings.smtpd.hostname, "localhost");
  EXPECT_EQ(settings.smtpd.trusted_networks, (std::vector<std::string>{"127.0.0.0/8", "::1/128"}));
  EXPECT_TRUE(settings.smtpd.listen.empty());
  EXPECT_TRUE(settings.popd.listen.empty());
  EXPECT_TRUE(settings.smtpd.tls_cert.empty());
  EXPECT_EQ(settings.smtpd.message_octets_max, 220'000'000u);
  EXPECT_EQ(settings.gateway.shutdown_grace_s, 10u);
  EXPECT_EQ(settings.log.format, LogFormat::text);
  EXPECT_EQ(settings.sites.front().recipients, RecipientPolicy::prefix);
}

TEST(Reader, ReadsEveryKindOfValue) {
  const Settings settings =
      settings_of(with_minimal("[store]\nvolume_octets_max = 1_048_576\n"
                               "[smtpd]\ntrusted_networks = []\nhostname = \"mx.example.test\"\n"
                               "[log]\nformat = \"json\"\n"
                               "[[site]]\ndomain = \"b.test\"\nprefix = \"b+\"\n"
                               "secret_file = \"s\"\nmaildrop = \"foi\"\n"
                               "recipients = \"strict\"\n"));
  EXPECT_EQ(settings.store.volume_octets_max, 1'048'576u);
  EXPECT_TRUE(settings.smtpd.trusted_networks.empty());
  EXPECT_EQ(settings.log.format, LogFormat::json);
  ASSERT_EQ(settings.sites.size(), 2u);
  EXPECT_EQ(settings.sites[0].prefix, "b+");
  EXPECT_EQ(settings.sites[0].recipients, RecipientPolicy::strict);
  EXPECT_EQ(settings.sites[1].domain, "example.test");
}

TEST(Reader, TakesPathsFromTheFolderOfTheFile) {
  const ConfigFile file(
      with_minimal("[store]\npath = \"../var/./store/\"\n"
                   "[smtpd]\ntls_cert = \"/etc/c\"\ntls_key = \"k\"\n"));
  const auto settings = read_settings(file.path(), {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->store.path, file.folder().parent_path() / "var/store");
  EXPECT_EQ(settings->smtpd.tls_cert, "/etc/c");
  EXPECT_EQ(settings->smtpd.tls_key, file.folder() / "k");
  EXPECT_EQ(settings->maildrops.front().password_file, file.folder() / "password");
  EXPECT_TRUE(settings->popd.tls_key.empty());
}

TEST(Reader, MakesPathsAbsoluteAlsoWhenTheFileIsNamedRelatively) {
  const ConfigFile file(minimal);
  const auto settings = read_settings(std::filesystem::relative(file.path()), {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->maildrops.front().password_file, file.folder() / "password");
}

TEST(Reader, NamesAFileItCannotRead) {
  const ConfigFile file("");
  EXPECT_EQ(first_mistake(file.folder() / "none.toml"),
            (file.folder() / "none.toml").string() + ": cannot be read: No such file or directory");
  EXPECT_EQ(first_mistake(file.folder()), file.folder().string() + ": cannot be read: Is a directory");
  EXPECT_EQ(first_mistake("/dev/zero"), "/dev/zero: is too long; allowed are 1_048_576 (1 MiB) octets");
}

TEST(Reader, NamesTheLineThatIsNotToml) {
  const ConfigFile file("[smtpd]\nthreads = 1\nlisten = \n");
  EXPECT_TRUE(first_mistake(file.path()).starts_with(file.path().string() + ":3: not TOML: "))
      << first_mistake(file.path());
  const ConfigFile twice("[smtpd]\nthreads = 1\nthreads = 1\n");
  EXPECT_TRUE(first_mistake(twice.path()).starts_with(twice.path().string() + ":3: not TOML: "));
}

TEST(Reader, SuggestsTheNearestKey) {
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\nthread = 1\n\nlistn = []\n[stor]\npath = \"x\"\n"
                                     "[smtpd.limits]\n[[maildrop]]\nnam = 1\n")),
            "FILE:2: smtpd.thread: unknown key; the nearest known one is smtpd.threads\n"
            "FILE:4: smtpd.listn: unknown key; the nearest known one is smtpd.listen\n"
            "FILE:5: stor: unknown section; the nearest known one is store\n"
            "FILE:7: smtpd.limits: unknown key; the nearest known one is smtpd.listen\n"
            "FILE:8: maildrop.name: is missing; needed is a string, a maildrop name (1 to 64 letters, "
            "digits, dots, "
            "underscores and hyphens, no dot in front)\n"
            "FILE:8: maildrop.password_file: is missing, and so is password_hash; needed is one of the two\n"
            "FILE:9: maildrop.nam: unknown key; the nearest known one is maildrop.name\n");
}

TEST(Reader, SuggestsAcrossSections) {
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\nreserve_percent = 1\n")),
            "FILE:2: smtpd.reserve_percent: unknown key; the nearest known one is store.reserve_percent\n");
}

TEST(Reader, RefusesAWrongType) {
  EXPECT_EQ(
      mistakes_of(with_minimal("store = 5\n"
                               "[smtpd]\n"
                               "threads = \"2\"\n"
                               "errors_max = 2.0\n"
                               "hostname = true\n"
                               "listen = \"127.0.0.1:25\"\n"
                               "trusted_networks = [\n"
                               "  \"127.0.0.0/8\",\n"
                               "  8,\n"
                               "]\n"
                               "tls_cert = 1979-05-27\n"
                               "tls_key = {}\n"
                               "[[popd]]\n")),
      "FILE:1: store: is an integer; allowed is a table, [store]\n"
      "FILE:3: smtpd.threads: is a string; allowed is an integer, 1 to 64\n"
      "FILE:4: smtpd.errors_max: is a float; allowed is an integer, 1 to 1000\n"
      "FILE:5: smtpd.hostname: is a boolean; allowed is a string, a domain name (letters, digits and hyphens "
      "between dots, other scripts in their xn-- form)\n"
      "FILE:6: smtpd.listen: is a string; allowed is an array of strings, each a listen address "
      "(ADDRESS:PORT "
      "and [IPV6]:PORT, port 0 for any free one)\n"
      "FILE:9: smtpd.trusted_networks: has an element that is an integer; allowed is an array of strings, "
      "each "
      "a network (ADDRESS/BITS with the bits after the first BITS zero, such as 192.0.2.0/24)\n"
      "FILE:11: smtpd.tls_cert: is a date or time; allowed is a string, a path\n"
      "FILE:12: smtpd.tls_key: is a table; allowed is a string, a path\n"
      "FILE:13: popd: is an array; allowed is a table, [popd]\n");
}

TEST(Reader, TakesAFlag) {
  EXPECT_TRUE(settings_of(with_minimal("[smtpd]\nsoft_refuse = true\n")).smtpd.soft_refuse);
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\nsoft_refuse = \"yes\"\n")),
            "FILE:2: smtpd.soft_refuse: is a string; allowed is true or false\n");
  EXPECT_EQ(mistakes_of(minimal, {"smtpd.soft_refuse=perhaps"}),
            "--set: smtpd.soft_refuse: perhaps is not TOML; allowed is true or false\n");
}

TEST(Reader, RefusesAnElementThatIsNoTable) {
  EXPECT_EQ(mistakes_of("site = [\n  5,\n]\n[[maildrop]]\nname = \"foi\"\npassword_file = \"p\"\n"),
            "FILE:2: site: is an integer; allowed is a table\n");
}

TEST(Reader, RefusesWhatIsOutOfRange) {
  EXPECT_EQ(
      mistakes_of(with_minimal("[store]\n"
                               "commit_wait_us = 301\n"
                               "reserve_percent = 6\n"
                               "prepare_octets = -1\n"
                               "volume_octets_max = 9_223_372_036_854_775_807\n"
                               "[smtpd]\n"
                               "threads = 0\n")),
      "FILE:2: store.commit_wait_us: 301 is out of range; allowed are 0 to 300 microseconds\n"
      "FILE:3: store.reserve_percent: 6 is out of range; allowed are 0 to 5 percent\n"
      "FILE:4: store.prepare_octets: -1 is out of range; allowed are 0 to 8_388_608 octets (0 to 8 MiB)\n"
      "FILE:5: store.volume_octets_max: 9223372036854775807 is out of range; allowed are 65_536 to "
      "68_719_476_736 octets (64 KiB to 64 GiB)\n"
      "FILE:7: smtpd.threads: 0 is out of range; allowed are 1 to 64\n");
  EXPECT_EQ(mistakes_of(
                with_minimal("[store]\ncommit_wait_us = 300\nreserve_percent = 0\n[smtpd]\nthreads = 64\n")),
            "");
}

TEST(Reader, RefusesAWrongShape) {
  EXPECT_EQ(
      mistakes_of(with_minimal("[smtpd]\n"
                               "hostname = \"\"\n"
                               "listen = [\"[::1]:25\",\n"
                               "  \"localhost:25\"]\n"
                               "trusted_networks = [\"10.1.2.3/8\"]\n"
                               "[log]\n"
                               "format = \"xml\"\n"
                               "[[maildrop]]\n"
                               "name = \"a/b\"\n"
                               "password_hash = \"secret\"\n"
                               "[[site]]\n"
                               "domain = \"a b\"\n"
                               "prefix = \"foi@\"\n"
                               "maildrop = \"foi\"\n"
                               "[store]\n"
                               "path = \"\"\n")),
      "FILE:2: smtpd.hostname: \"\" is not a domain name; allowed are letters, digits and hyphens between "
      "dots, "
      "other scripts in their xn-- form\n"
      "FILE:4: smtpd.listen: \"localhost:25\" is not a listen address; allowed are ADDRESS:PORT and "
      "[IPV6]:PORT, "
      "port 0 for any free one\n"
      "FILE:5: smtpd.trusted_networks: \"10.1.2.3/8\" is not a network; allowed are ADDRESS/BITS with the "
      "bits "
      "after the first BITS zero, such as 192.0.2.0/24\n"
      "FILE:7: log.format: \"xml\" is none of its values; allowed is one of \"text\", \"json\"\n"
      "FILE:9: maildrop.name: \"a/b\" is not a maildrop name; allowed are 1 to 64 letters, digits, dots, "
      "underscores and hyphens, no dot in front\n"
      "FILE:10: maildrop.password_hash: \"secret\" is not a crypt(3) hash; allowed are hashes that begin "
      "with $, "
      "as mkpasswd prints them\n"
      "FILE:12: site.domain: \"a b\" is not a domain name; allowed are letters, digits and hyphens between "
      "dots, "
      "other scripts in their xn-- form\n"
      "FILE:13: site.prefix: \"foi@\" is not the beginning of an address; allowed are up to 64 of the "
      "characters "
      "that stand before an @ without quotes\n"
      "FILE:16: store.path: is empty; allowed is a string, a path\n");
}

TEST(Reader, NeedsWhatASiteCannotDoWithout) {
  EXPECT_EQ(mistakes_of(with_minimal("\n[[site]]\nmaildrop = \"\"\n")),
            "FILE:2: site.domain: is missing; needed is a string, a domain name (letters, digits and hyphens "
            "between "
            "dots, other scripts in their xn-- form)\n"
            "FILE:3: site.maildrop: is missing; needed is a string, a maildrop name (1 to 64 letters, "
            "digits, dots, "
            "underscores and hyphens, no dot in front)\n");
}

TEST(Reader, KeepsEachMistakeOnOneLine) {
  EXPECT_EQ(mistakes_of(with_minimal("[store]\npath = \"a\\nb\"\n\"c\\nd\" = 1\n")),
            "FILE:2: store.path: holds a control character; allowed is a string, a path\n"
            "FILE:3: store.c\\x0Ad: unknown key; the nearest known one is store.path\n");
}

TEST(Reader, KnowsTheLineOfADottedKey) {
  EXPECT_EQ(mistakes_of(with_minimal("\nsmtpd.threads = 0\nsmtpd.thread = 0\n")),
            "FILE:2: smtpd.threads: 0 is out of range; allowed are 1 to 64\n"
            "FILE:3: smtpd.thread: unknown key; the nearest known one is smtpd.threads\n");
}

TEST(Reader, TakesTrueAndFalse) {
  EXPECT_FALSE(settings_of(minimal).smtpd.chunking);
  EXPECT_TRUE(settings_of(with_minimal("[smtpd]\nchunking = true\n")).smtpd.chunking);
  EXPECT_TRUE(settings_of(minimal, {"smtpd.chunking=true"}).smtpd.chunking);
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\nchunking = \"on\"\n")),
            "FILE:2: smtpd.chunking: is a string; allowed is true or false\n");
}

}  // namespace
}  // namespace guichet::conf
