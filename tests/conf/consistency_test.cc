#include <gtest/gtest.h>

#include "tests/conf/config_file.h"

namespace guichet::conf {
namespace {

TEST(Consistency, NeedsASiteAndAMaildrop) {
  EXPECT_EQ(mistakes_of(""),
            "FILE:1: site: is missing; needed is at least one [[site]]\n"
            "FILE:1: maildrop: is missing; needed is at least one [[maildrop]]\n");
}

TEST(Consistency, SiteNamesAMaildrop) {
  EXPECT_EQ(mistakes_of(with_minimal("[[site]]\ndomain = \"b.test\"\nmaildrop = \"foo\"\n")),
            "FILE:3: site.maildrop: \"foo\" is the name of no [[maildrop]]; allowed are \"foi\"\n");
}

TEST(Consistency, SiteStandsOnce) {
  EXPECT_EQ(mistakes_of(with_minimal("[[site]]\ndomain = \"Example.TEST\"\nmaildrop = \"foi\"\n")),
            "FILE:4: site: \"\" at \"example.test\" is an earlier [[site]]; allowed is each domain and "
            "prefix once\n");
  EXPECT_EQ(
      mistakes_of(with_minimal("[[site]]\ndomain = \"example.test\"\nprefix = \"b+\"\nmaildrop = \"foi\"\n")),
      "");
}

TEST(Consistency, StrictNeedsASecret) {
  const std::string site = "[[site]]\ndomain = \"b.test\"\nmaildrop = \"foi\"\nrecipients = \"strict\"\n";
  EXPECT_EQ(mistakes_of(with_minimal(site)),
            "FILE:4: site.recipients: \"strict\" needs secret_file; without it allowed is \"prefix\"\n");
  EXPECT_EQ(mistakes_of(with_minimal(site + "secret_file = \"secret\"\n")), "");
}

TEST(Consistency, BackupHasItsKeys) {
  const std::string backup = "[backup]\nrepository = \"/srv/backup\"\n";
  EXPECT_EQ(
      mistakes_of(with_minimal(backup)),
      "FILE:2: backup.repository: has no backup.envdir beside it; needed is a folder that holds at least "
      "RESTIC_PASSWORD\n");
  EXPECT_EQ(mistakes_of(with_minimal(backup + "envdir = \"env\"\n")), "");
  EXPECT_EQ(mistakes_of(with_minimal(backup + "envdir = \"env\"\ninterval_s = 600\nalarm_after_s = 599\n")),
            "FILE:5: backup.alarm_after_s: 599 is less than backup.interval_s; allowed is from 600\n");
}

TEST(Consistency, MaildropNamesDiffer) {
  EXPECT_EQ(
      mistakes_of(with_minimal("[[maildrop]]\nname = \"foi\"\npassword_file = \"x\"\n")),
      "FILE:8: maildrop.name: \"foi\" is the name of an earlier [[maildrop]]; allowed is each name once\n");
}

TEST(Consistency, MaildropHasOnePassword) {
  const std::string hash = "password_hash = \"$6$salt$hash\"\n";
  EXPECT_EQ(mistakes_of(std::string(minimal) + hash),
            "FILE:7: maildrop.password_hash: is given beside password_file; allowed is one of the two\n");
  EXPECT_EQ(
      mistakes_of(with_minimal("[[maildrop]]\nname = \"b\"\n")),
      "FILE:1: maildrop.password_file: is missing, and so is password_hash; needed is one of the two\n");
  EXPECT_EQ(
      mistakes_of(with_minimal("[[maildrop]]\nname = \"b\"\npassword_file = \"\"\n")),
      "FILE:3: maildrop.password_file: is missing, and so is password_hash; needed is one of the two\n");
  EXPECT_EQ(mistakes_of(with_minimal("[[maildrop]]\nname = \"b\"\n" + hash)), "");
}

TEST(Consistency, CertificateHasItsKey) {
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\ntls_cert = \"c\"\n[popd]\ntls_key = \"k\"\n")),
            "FILE:2: smtpd.tls_cert: has no smtpd.tls_key beside it; allowed are both or neither\n"
            "FILE:4: popd.tls_key: has no popd.tls_cert beside it; allowed are both or neither\n");
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\ntls_cert = \"c\"\ntls_key = \"k\"\n")), "");
}

TEST(Consistency, ListenTlsNeedsACertificate) {
  const std::string listen = "[popd]\nlisten_tls = [\"[::1]:995\"]\n";
  EXPECT_EQ(mistakes_of(with_minimal(listen)),
            "FILE:2: popd.listen_tls: needs a certificate; allowed is with tls_cert and tls_key in [popd] or "
            "[smtpd]\n");
  EXPECT_EQ(mistakes_of(with_minimal(listen + "tls_cert = \"c\"\ntls_key = \"k\"\n")), "");
  EXPECT_EQ(mistakes_of(with_minimal(listen + "[smtpd]\ntls_cert = \"c\"\ntls_key = \"k\"\n")), "");
}

TEST(Consistency, MoreCertificatesNeedADefaultOne) {
  const std::string more = "[[certificate]]\ncert = \"c\"\nkey = \"k\"\n";
  EXPECT_EQ(mistakes_of(with_minimal(more)),
            "FILE:1: certificate: is beside none; needed are smtpd.tls_cert and tls_key, for clients that "
            "ask for no "
            "name of it\n");
  EXPECT_EQ(mistakes_of(with_minimal(more + "[smtpd]\ntls_cert = \"c\"\ntls_key = \"k\"\n")), "");
  EXPECT_NE(mistakes_of(
                with_minimal("[[certificate]]\ncert = \"c\"\n[smtpd]\ntls_cert = \"c\"\ntls_key = \"k\"\n")),
            "");
}

// The certificate of POP3 is no way out: it bears another name.
TEST(Consistency, ListenTlsOfSmtpNeedsItsOwnCertificate) {
  const std::string listen = "[smtpd]\nlisten_tls = [\"[::1]:465\"]\n";
  const std::string pair = "tls_cert = \"c\"\ntls_key = \"k\"\n";
  EXPECT_EQ(mistakes_of(with_minimal(listen + "[popd]\n" + pair)),
            "FILE:2: smtpd.listen_tls: needs a certificate; allowed is with tls_cert and tls_key in "
            "[smtpd]\n");
  EXPECT_EQ(mistakes_of(with_minimal(listen + pair)), "");
}

TEST(Consistency, EachAddressIsListenedOnOnce) {
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\n"
                                     "listen = [\"127.0.0.1:25\",\n"
                                     "          \"[::1]:25\", \"127.0.0.1:0\",\n"
                                     "          \"127.0.0.1:25\"]\n"
                                     "[popd]\n"
                                     "listen = [\"127.0.0.1:0\", \"[0::1]:25\"]\n")),
            "FILE:4: smtpd.listen: \"127.0.0.1:25\" is in smtpd.listen already; allowed is each address and "
            "port once\n"
            "FILE:6: popd.listen: \"[0::1]:25\" is in smtpd.listen already; allowed is each address and port "
            "once\n");
}

TEST(Consistency, SpooledBodyFitsInMemory) {
  EXPECT_EQ(mistakes_of(with_minimal("[store]\nbodies_octets_max = 65536\n")),
            "FILE:1: store.spool_octets_min: 2097152 is more than store.bodies_octets_max; allowed is up to "
            "65536\n");
}

// One mistake, one line: what follows from a wrong type is not found missing on top.
TEST(Consistency, IsSilentAboutWhatFollowsFromAMistake) {
  EXPECT_EQ(mistakes_of("site = 1\n[maildrop]\n"),
            "FILE:1: site: is an integer; allowed is an array of tables, [[site]]\n"
            "FILE:2: maildrop: is a table; allowed is an array of tables, [[maildrop]]\n");
  EXPECT_EQ(mistakes_of(with_minimal("[smtpd]\ntls_cert = \"c\"\ntls_key = 5\n")),
            "FILE:3: smtpd.tls_key: is an integer; allowed is a string, a path\n");
  EXPECT_EQ(mistakes_of(with_minimal("[[maildrop]]\nname = \"b\"\npassword_hash = 5\n")),
            "FILE:3: maildrop.password_hash: is an integer; allowed is a string, a crypt(3) hash (hashes "
            "that begin "
            "with $, as mkpasswd prints them)\n");
}

TEST(Consistency, TheFrontDoorHasNothingThatDoesNothing) {
  EXPECT_EQ(
      mistakes_of(with_minimal("[front_door]\nearly_talkers = \"refuse\"\n")),
      "FILE:2: front_door.early_talkers: \"refuse\" needs greet_delay_ms; without it allowed is \"tag\"\n");
  EXPECT_EQ(
      mistakes_of(with_minimal("[front_door]\ndeny = [\"192.0.2.0/24\", \"2001:db8::/32\", \"<>\", "
                               "\"@a.example\", \".b.example\"]\n")),
      "FILE:2: front_door.deny: \".b.example\" is the name of a client; it needs reverse_name = true\n");
  EXPECT_EQ(mistakes_of(with_minimal("[front_door]\nallow = [\".b.example\"]\nreverse_name = true\n")), "");
}

TEST(Consistency, ATableInsideASectionIsReadAsOne) {
  const auto settings = settings_of(
      with_minimal("[front_door]\ngreylist = true\n[[front_door.list]]\nzone = \"a.example\"\nweight = 2\n"
                   "[[front_door.list]]\nzone = \"b.example\"\nallows = true\nanswer = \"127.0.0.*\"\n"));
  ASSERT_EQ(settings.front_door_lists.size(), 2u);
  EXPECT_TRUE(settings.front_door.greylist);
  EXPECT_EQ(settings.front_door_lists[0].weight, 2u);
  EXPECT_TRUE(settings.front_door_lists[1].allows);
  EXPECT_EQ(
      mistakes_of(with_minimal("[front_door]\n[[front_door.list]]\nweigth = 2\n")),
      "FILE:2: front_door.list.zone: is missing; needed is a string, a domain name (letters, digits and "
      "hyphens between dots, other scripts in their xn-- form)\n"
      "FILE:3: front_door.list.weigth: unknown key; the nearest known one is front_door.list.weight\n");
}

TEST(Consistency, ARuleAsksForWhatIsLookedInto) {
  EXPECT_EQ(mistakes_of(with_minimal("[filters]\nauthentication = true\n[[rule]]\nname = \"a\"\n"
                                     "virus = [\"found\"]\ndmarc = [\"fail\"]\n")),
            "FILE:5: rule.virus: is never known; it needs clamd in [filters]\n");
  EXPECT_EQ(mistakes_of(with_minimal("[filters]\nparts = true\n[[rule]]\nname = \"a\"\n")),
            "FILE:3: rule: has no condition: it would count for every message\n");
  EXPECT_EQ(mistakes_of(with_minimal("[[rule]]\nname = \"a\"\nsize_octets_min = 5\n")),
            "FILE:1: rule: never counts: nothing is turned on in [filters]\n");
  EXPECT_EQ(mistakes_of(with_minimal("[filters]\nask_before_answer = true\n")),
            "FILE:2: filters.ask_before_answer: needs rspamd, whom it asks\n");
}

TEST(Consistency, RulesAreReadInTheirOrder) {
  const auto settings = settings_of(
      with_minimal("[filters]\nparts = true\nclamd = \"/run/clamd\"\n"
                   "[[rule]]\nname = \"a\"\nfiles = [\"*.exe\"]\naction = \"quarantine\"\n"
                   "[[rule]]\nname = \"b\"\nvirus = [\"unscanned\"]\naction = \"wait\"\nwait_s = 60\n"));
  ASSERT_EQ(settings.rules.size(), 2u);
  EXPECT_EQ(settings.rules[0].action, RuleAction::quarantine);
  EXPECT_EQ(settings.rules[1].wait_s, 60u);
  EXPECT_TRUE(settings.filters.any());
}

}  // namespace
}  // namespace guichet::conf
