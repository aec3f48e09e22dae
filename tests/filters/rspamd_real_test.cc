// Against rspamd itself, with rules of our own that say what it was told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "daemon.h"
#include "filters/rspamd.h"
#include "scanner_fakes.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using Kind = Unscanned::Kind;

constexpr std::string_view rules = R"(
local function subject_has(task, word)
  local subject = task:get_subject()
  return subject ~= nil and subject:find(word, 1, true) ~= nil
end
rspamd_config:register_symbol({
  name = 'OWN_SPAM', score = 7.25, type = 'normal',
  callback = function(task) return subject_has(task, 'own-spam') end
})
rspamd_config:register_symbol({
  name = 'OWN_BAD', score = 20, type = 'normal',
  callback = function(task) return subject_has(task, 'own-bad') end
})
rspamd_config:register_symbol({
  name = 'OWN_FACTS', type = 'prefilter',
  callback = function(task)
    if not subject_has(task, 'own-facts') then return end
    local facts = { tostring(task:get_from_ip()), task:get_helo(), task:get_hostname(),
                    task:get_from('smtp')[1].addr, task:get_queue_id(),
                    tostring(task:get_request_header('MTA-Name')) }
    for _, recipient in ipairs(task:get_recipients('smtp')) do table.insert(facts, recipient.addr) end
    task:set_pre_result('soft reject', table.concat(facts, ' '))
  end
})
)";

// Nothing outside the folder is written. A list of top level domains of three, no languages and no Hyperscan:
// with those of Debian it takes six seconds to start, and 200 MB.
std::string configuration(const Folder& folder, std::uint16_t port) {
  const auto at = [&](std::string_view name) { return "\"" + folder.path(name) + "\""; };
  return "options {\n"
         "  filters = \"regexp\";\n"
         "  disable_hyperscan = true;\n"
         "  pidfile = " +
         at("pid") +
         ";\n"
         "  cache_file = " +
         at("symbols.cache") +
         ";\n"
         "  dynamic_conf = " +
         at("dynamic") +
         ";\n"
         "  history_file = " +
         at("history") +
         ";\n"
         "  stats_file = " +
         at("stats.ucl") +
         ";\n"
         "  hs_cache_dir = " +
         at("") +
         ";\n"
         "  tempdir = " +
         at("tmp") +
         ";\n"
         "  url_tld = " +
         at("tld.dat") +
         ";\n"
         "  control_socket = \"" +
         folder.path("control.sock") +
         " mode=0600\";\n"
         "  allow_raw_input = true;\n"
         "  dns { nameserver = [\"127.0.0.1:9\"]; timeout = 0.1s; retransmits = 1; sockets = 1; }\n"
         "}\n"
         "logging { type = \"file\"; filename = " +
         at("rspamd.log") +
         "; level = \"info\"; }\n"
         "worker \"normal\" {\n"
         "  bind_socket = \"127.0.0.1:" +
         std::to_string(port) +
         "\";\n"
         "  bind_socket = \"" +
         folder.path("rspamd.sock") +
         " mode=0600\";\n"
         "  count = 1;\n"
         "  mime = true;\n"
         "}\n"
         "actions { reject = 15; add_header = 6; greylist = 4; }\n"
         "lang_detection { languages = " +
         at("no-languages") +
         "; }\n"
         "lua = " +
         at("rules.lua") + ";\n";
}

std::vector<std::string> command(const std::string& program, const Folder& folder) {
  std::vector<std::string> words{program, "-f", "-c", folder.path("rspamd.conf")};
  if (::geteuid() == 0) words.insert(words.end(), {"--insecure", "-u", "root", "-g", "root"});
  return words;
}

class RealRspamd : public testing::Test {
 protected:
  void SetUp() override {
    const auto program = Daemon::find("rspamd");
    if (!program) GTEST_SKIP() << "there is no rspamd on this machine";
    folder_.make("tmp");
    folder_.write("tld.dat", "com\norg\nexample\n");
    folder_.write("rules.lua", rules);
    folder_.write("rspamd.conf", configuration(folder_, port_));
    daemon_ = std::make_unique<Daemon>(command(*program, folder_), folder_.path("out"));
    ASSERT_TRUE(daemon_->comes_up([&] { return ask(by_port_, "up").has_value() && ask(by_path_, "up"); }))
        << folder_.read("out") << folder_.read("rspamd.log");
  }

  [[nodiscard]] static Scan<RspamdVerdict> ask(Rspamd& rspamd, const std::string& subject,
                                               const std::string& more = "") {
    const RspamdFacts facts{.envelope = {.client = "192.0.2.1",
                                         .helo = "mail.b.example",
                                         .mail_from = "a@b.example",
                                         .hostname = "gate.example"},
                            .recipients = {"c@d.example", "e@f.example"},
                            .id = "01a204e4",
                            .client_name = "out.b.example"};
    return rspamd.check(
        facts,
        MessageInMemory("From: a@b.example\r\nSubject: " + subject + "\r\n" + more + "\r\nhello\r\n").file());
  }

  const Folder folder_;
  const std::uint16_t port_ = free_port();
  // As if the breaker did not exist while it starts.
  Rspamd by_port_{{.url = "http://127.0.0.1:" + std::to_string(port_), .breaker = {.failures_max = 100'000}}};
  Rspamd by_path_{{.url = "unix:" + folder_.path("rspamd.sock"), .breaker = {.failures_max = 100'000}}};
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(RealRspamd, GivesAScoreAndAnAction) {
  const RspamdVerdict tagged{.score = 7.25,
                             .required_score = 15,
                             .action = SpamAction::add_header,
                             .symbols = {{"OWN_SPAM", 7.25}},
                             .smtp_message = ""};
  const RspamdVerdict refused{.score = 20,
                              .required_score = 15,
                              .action = SpamAction::reject,
                              .symbols = {{"OWN_BAD", 20}},
                              .smtp_message = ""};
  for (auto* rspamd : {&by_port_, &by_path_}) {
    EXPECT_EQ(ask(*rspamd, "own-spam").value(), tagged);
    EXPECT_EQ(ask(*rspamd, "own-bad").value(), refused);
    EXPECT_EQ(ask(*rspamd, "an ordinary one")->action, SpamAction::no_action);
  }
  EXPECT_EQ(spam_header(tagged.score), "7.2");
}

TEST_F(RealRspamd, IsToldTheFacts) {
  const auto verdict = ask(by_port_, "own-facts");
  ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
  EXPECT_EQ(verdict->action, SpamAction::soft_reject);
  EXPECT_EQ(
      verdict->smtp_message,
      "192.0.2.1 mail.b.example out.b.example a@b.example 01a204e4 gate.example c@d.example e@f.example");
}

// It puts the Message-ID into its answer as it is.
TEST_F(RealRspamd, IsUnderstoodWhateverTheMessageIs) {
  for (const std::string more : {"Message-ID: <\xff\xfe\x01\"\\@\xc3\x28>\r\n", "Message-ID: \r\n",
                                 "\xff: \x80\r\n", "Content-Type: multipart/mixed; boundary=\"\"\r\n"}) {
    const auto verdict = ask(by_port_, "own-spam \xff \x1b", more);
    ASSERT_TRUE(verdict.has_value()) << verdict.error().why << testing::PrintToString(more);
  }
  const auto of_nothing = by_port_.check({}, MessageInMemory("").file());
  EXPECT_TRUE(of_nothing.has_value()) << of_nothing.error().why;
  const auto of_octets = by_port_.check({}, MessageInMemory(std::string(3'000'000, '\0')).file());
  EXPECT_TRUE(of_octets.has_value()) << of_octets.error().why;
}

TEST_F(RealRspamd, IsWaitedForUntilTheDeadline) {
  Rspamd rspamd({.url = "unix:" + folder_.path("rspamd.sock"), .timeout = 300ms});
  daemon_->stop();
  EXPECT_EQ(ask(rspamd, "hello").error().kind, Kind::timed_out);
  daemon_->go_on();
  EXPECT_TRUE(ask(by_path_, "hello").has_value());
  daemon_.reset();
  const auto verdict = ask(rspamd, "hello");
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, Kind::down) << verdict.error().why;
}

}  // namespace
}  // namespace guichet::filters
