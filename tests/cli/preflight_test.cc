#include "cli/preflight.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace guichet::cli {
namespace {

using Kind = Advice::Kind;

const std::string secret = "xyzzy of seventeen elephants";

conf::Settings settings() {
  conf::Settings made;
  made.popd.listen = {"127.0.0.1:110"};
  made.popd.listen_tls = {"0.0.0.0:995"};
  auto& site = made.sites.emplace_back();
  site.domain = "foi.example.org";
  site.prefix = "foi+";
  site.secret_file = "/s";
  site.maildrop = "foi";
  made.maildrops.emplace_back().name = "foi";
  made.maildrops.back().password_file = "/p";
  return made;
}

const std::string good = R"(
INCOMING_EMAIL_DOMAIN: 'foi.example.org'
INCOMING_EMAIL_PREFIX: 'foi+'
INCOMING_EMAIL_SECRET: 'xyzzy of seventeen elephants'
PRODUCTION_MAILER_RETRIEVER_METHOD: pop
POP_MAILER_ADDRESS: localhost
POP_MAILER_PORT: 110
POP_MAILER_USER_NAME: foi
POP_MAILER_PASSWORD: 'pw'
POP_MAILER_ENABLE_SSL: false
FORWARD_NONBOUNCE_RESPONSES_TO: team@people.example.org
MTA_LOG_TYPE: postfix
MTA_LOG_PATH: '/var/log/mail/mail.log-*'
)";

std::vector<Advice> advise(const std::string& yml, const conf::Settings& ours = settings()) {
  const auto general = GeneralYml::parse(yml);
  if (!general) {
    ADD_FAILURE() << general.error();
    return {};
  }
  return preflight_advice(*general, ours, {.sites = {secret}, .maildrops = {"pw"}});
}

// The texts of what must change, with the lines to write.
std::string musts(const std::vector<Advice>& all) {
  std::string text;
  for (const auto& one : all) {
    if (one.kind != Kind::must) continue;
    text += one.text + "\n";
    for (const auto& line : one.lines)
      text += "  " + line + "\n";
  }
  return text;
}

std::string good_with(const std::string& key, const std::string& value) {
  const auto at = good.find(key + ":");
  EXPECT_NE(at, std::string::npos);
  return good.substr(0, at) + key + ": " + value + good.substr(good.find('\n', at));
}

TEST(Preflight, NothingMustChangeInAGoodOne) {
  const auto advice = advise(good);
  EXPECT_EQ(musts(advice), "");
  EXPECT_TRUE(std::ranges::any_of(advice, [](const Advice& one) {
    return one.where == Advice::Where::console &&
           one.lines.front() == "AlaveteliFeatures.backend.enable(:accept_mail_from_anywhere)";
  }));
}

TEST(Preflight, WhoReallySentItIsAdvisedToBeLookedInto) {
  const auto advises = [](const conf::Settings& ours) {
    return std::ranges::any_of(advise(good, ours), [](const Advice& one) {
      return one.kind == Advice::Kind::check && !one.lines.empty() &&
             one.lines.back() == "authentication = true";
    });
  };
  auto ours = settings();
  EXPECT_TRUE(advises(ours));
  ours.filters.authentication = true;
  EXPECT_FALSE(advises(ours));
}

TEST(Preflight, AlavetelisDefaultsNeedEverything) {
  const auto text = musts(advise("DOMAIN: '127.0.0.1:3000'\n"));
  for (const auto* said : {"INCOMING_EMAIL_DOMAIN is localhost", "domain = \"localhost\"",
                           "PRODUCTION_MAILER_RETRIEVER_METHOD: pop", "the poller's user is \"\"",
                           "POP_MAILER_USER_NAME: \"foi\"", "user-support@localhost"})
    EXPECT_NE(text.find(said), std::string::npos) << said << "\n" << text;
}

// The shape of two sites that exist: Postfix with Dovecot in clear on loopback, and with TLS.
TEST(Preflight, ASiteThatUsedDovecotChangesItsUserOrItsPort) {
  auto clear = good_with("POP_MAILER_USER_NAME", "dadamail");
  EXPECT_EQ(musts(advise(clear)),
            "the poller's user is \"dadamail\", the maildrop \"foi\"\n  POP_MAILER_USER_NAME: \"foi\"\n");
  auto tls = good_with("POP_MAILER_PORT", "995");
  tls.replace(tls.find("ENABLE_SSL: false"), 17, "ENABLE_SSL: true ");
  EXPECT_EQ(musts(advise(tls)), "");
  auto ours = settings();
  ours.popd.listen_tls.clear();
  EXPECT_EQ(musts(advise(tls, ours)),
            "popd does not listen where the poller connects (\"localhost\", port 995, with TLS)\n"
            "  POP_MAILER_ADDRESS: '127.0.0.1'\n  POP_MAILER_PORT: 110\n  POP_MAILER_ENABLE_SSL: false\n");
}

TEST(Preflight, APasswordIsNotSentInClearToAnotherMachine) {
  auto ours = settings();
  ours.popd.listen = {"0.0.0.0:110"};
  EXPECT_NE(musts(advise(good_with("POP_MAILER_ADDRESS", "mail.example.org"), ours)).find("in clear"),
            std::string::npos);
}

TEST(Preflight, ADifferentSecretIsSaidAndNeverShown) {
  for (const auto* other : {"'xyzzy of other elephants'", "'dummysecret'", "'xyzzy of seventeen elephantS'",
                            "'xyzzy of seventeen elephants '"}) {
    const auto advice = advise(good_with("INCOMING_EMAIL_SECRET", other));
    const auto text = musts(advice);
    EXPECT_NE(text.find("the secret is different"), std::string::npos) << other;
    for (const auto& one : advice) {
      auto all = one.text;
      for (const auto& line : one.lines)
        all += line;
      EXPECT_EQ(all.find("xyzzy"), std::string::npos);
      EXPECT_EQ(all.find("elephantS"), std::string::npos);
      EXPECT_EQ(all.find(secret), std::string::npos);
      EXPECT_EQ(all.find("'pw'"), std::string::npos);
    }
  }
  EXPECT_NE(musts(advise(good_with("POP_MAILER_PASSWORD", "other"))).find("the password is different"),
            std::string::npos);
}

TEST(Preflight, PrefixSpamAndLogsAreCompared) {
  EXPECT_EQ(musts(advise(good_with("INCOMING_EMAIL_PREFIX", "'ask+'"))),
            "the prefix of [[site]] \"foi.example.org\" is \"foi+\", Alaveteli's is \"ask+\"\n  prefix = "
            "\"ask+\"\n");
  EXPECT_EQ(musts(advise(good_with("INCOMING_EMAIL_PREFIX", "'FOI+'"))), "");
  EXPECT_NE(
      musts(advise(good + "INCOMING_EMAIL_SPAM_ACTION: holding_pen\nINCOMING_EMAIL_SPAM_THRESHOLD: 7\n"))
          .find("INCOMING_EMAIL_SPAM_ACTION: false"),
      std::string::npos);
  const auto spam = good +
                    "INCOMING_EMAIL_SPAM_ACTION: holding_pen\nINCOMING_EMAIL_SPAM_THRESHOLD: 7\n"
                    "INCOMING_EMAIL_SPAM_HEADER: X-Spam-Score\n";
  auto ours = settings();
  ours.filters.rspamd = "http://127.0.0.1:11333";
  EXPECT_EQ(musts(advise(spam, ours)), "");
  ours.filters.spam_header = "X-Junk";
  EXPECT_NE(musts(advise(spam, ours)).find("spam_header = \"X-Spam-Score\""), std::string::npos);
  EXPECT_NE(musts(advise(good_with("MTA_LOG_TYPE", "sendmail"))).find("knows exim and postfix"),
            std::string::npos);
  EXPECT_NE(
      musts(advise(good_with("MTA_LOG_PATH", "/var/log/exim4/exim-mainlog-*"))).find("MTA_LOG_TYPE: exim"),
      std::string::npos);
  EXPECT_NE(musts(advise(good + "BLACKHOLE_PREFIX: 'foi-nobody'\n")).find("taken for replies"),
            std::string::npos);
}

TEST(Preflight, SizesBelowWhatAuthoritiesSend) {
  auto ours = settings();
  ours.smtpd.message_octets_max = 10'240'000;
  EXPECT_NE(musts(advise(good, ours)).find("message_octets_max = 220000000"), std::string::npos);
}

TEST(GeneralYml, RubysOwnWritingIsUnderstood) {
  const auto read = GeneralYml::parse(
      "---\n:INCOMING_EMAIL_PREFIX: foi+\nPRODUCTION_MAILER_RETRIEVER_METHOD: :pop\nPOP_MAILER_PORT: !!int "
      "110\n"
      "THEME_URLS:\n  - 'git://example.org/x'\nMTA_LOG_TYPE: !ruby/symbol postfix\nDOMAIN: one\nDOMAIN: "
      "two\n");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->value("INCOMING_EMAIL_PREFIX"), "foi+");
  EXPECT_EQ(read->value("PRODUCTION_MAILER_RETRIEVER_METHOD"), "pop");
  EXPECT_EQ(read->value("POP_MAILER_PORT"), "110");
  EXPECT_EQ(read->value("MTA_LOG_TYPE"), "postfix");

  EXPECT_EQ(read->value("DOMAIN"), "two");
  EXPECT_EQ(read->value("THEME_URLS"), "");
  EXPECT_EQ(read->value("BLACKHOLE_PREFIX"), "do-not-reply-to-this-address");
}

TEST(GeneralYml, BrokenOnesAreNamedWithTheirLine) {
  EXPECT_NE(GeneralYml::parse("A: 1\nB: [1,\n").error().find("line "), std::string::npos);
  EXPECT_NE(GeneralYml::parse("A: b: c\n").error().find("no YAML"), std::string::npos);
  EXPECT_NE(GeneralYml::parse("- a\n- b\n").error().find("no general.yml"), std::string::npos);
  EXPECT_NE(GeneralYml::parse("").error().find("no general.yml"), std::string::npos);
  EXPECT_NE(GeneralYml::parse("A: 1\n<% if x %>\nB: 2\n").error().find("ERB"), std::string::npos);
}

TEST(GeneralYml, AnErbTagInAValueIsToBeMadeFirst) {
  const auto text = musts(advise(good_with("INCOMING_EMAIL_SECRET", "\"<%= ENV['SECRET'] %>\"")));
  EXPECT_NE(text.find("INCOMING_EMAIL_SECRET is an ERB tag"), std::string::npos);
  EXPECT_EQ(text.find("different"), std::string::npos);
}

}  // namespace
}  // namespace guichet::cli
