// The second log, read by what Alaveteli's documentation and its maintainers say of its parser: legacy syslog
// lines, of which the sixth word is the queue id; a request's address ties all lines of that id to the
// request.
#include "smtpd/postfix_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace guichet::smtpd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* request = "foi+request-14-e0e09f97@example.test";

// 2026-10-03 16:39:35 UTC; the zone of the test is UTC.
const store::Instant when{1'791'045'575'000'000};

PostfixFacts facts() {
  return {.at = when,
          .host = "mx.example.test",
          .process = 2257,
          .id = *store::Uuid::from_text("01a204e4-a1f2-72cd-b111-61e830b2ecee"),
          .client = {.address = "192.0.2.1", .port = 40000, .name = "mail.town.example"},
          .mail_from = "clerk@town.example"};
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

// What the parser ties to each request address: the words behind PREFIXrequest- up to the last @DOMAIN.
std::map<std::string, std::vector<std::string>> tied(const std::string& log) {
  std::map<std::string, std::set<std::string>> addresses;
  std::map<std::string, std::vector<std::string>> lines, found;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    const auto id = words(line).at(5);
    lines[id].push_back(line);
    for (const auto& word : words(line)) {
      const auto begin = word.find("foi+request-");
      const auto end = word.rfind("@example.test");
      if (begin != word.npos && end != word.npos && begin < end)
        addresses[id].insert(word.substr(begin, end + 13 - begin));
    }
  }
  for (const auto& [id, all] : addresses)
    for (const auto& address : all)
      found[address] = lines[id];
  return found;
}

class PostfixLog : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

TEST_F(PostfixLog, OfAMessageThatWasTaken) {
  const auto log = lines_of_filing(facts(), {request, "foi+request-15-aabbccdd@example.test"}, 1695);
  EXPECT_EQ(log,
            "Oct  3 16:39:35 mx.example.test postfix/smtpd[2257]: 61E830B2ECEE: "
            "client=mail.town.example[192.0.2.1]\n"
            "Oct  3 16:39:35 mx.example.test postfix/qmgr[2257]: 61E830B2ECEE: from=<clerk@town.example>, "
            "size=1695, nrcpt=2 (queue active)\n"
            "Oct  3 16:39:35 mx.example.test postfix/virtual[2257]: 61E830B2ECEE: "
            "to=<foi+request-14-e0e09f97@example.test>, relay=guichet (filed as "
            "01a204e4-a1f2-72cd-b111-61e830b2ecee)\n"
            "Oct  3 16:39:35 mx.example.test postfix/virtual[2257]: 61E830B2ECEE: "
            "to=<foi+request-15-aabbccdd@example.test>, relay=guichet (filed as "
            "01a204e4-a1f2-72cd-b111-61e830b2ecee)\n");
  const auto found = tied(log);
  EXPECT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at(request).size(), 4u);
}

TEST_F(PostfixLog, OfARecipientThatWasRefused) {
  const Refused refused{.reply = {550, "5.1.1", "<x>: no such recipient here", Refusal::unknown_recipient},
                        .stage = Stage::recipient,
                        .said = {},
                        .mail_from = "clerk@town.example",
                        .recipients = {request}};
  const auto log = lines_of_refusal(facts(), refused);
  EXPECT_EQ(log,
            "Oct  3 16:39:35 mx.example.test postfix/smtpd[2257]: 61E830B2ECEE: reject: RCPT from "
            "mail.town.example[192.0.2.1]: 550 5.1.1 <x>: no such recipient here; from=<clerk@town.example> "
            "to=<foi+request-14-e0e09f97@example.test>\n");
  EXPECT_EQ(tied(log).at(request).size(), 1u);
}

TEST_F(PostfixLog, OfARefusalWithoutARecipientIsNothing) {
  EXPECT_EQ(lines_of_refusal(facts(), {.reply = {500, "5.5.2", "what", Refusal::unknown_command},
                                       .stage = Stage::command,
                                       .said = "WHAT",
                                       .mail_from = {},
                                       .recipients = {}}),
            "");
}

// "dsn=2.0.0" anywhere in a line tells Alaveteli that the request went out, "status=" how.
TEST_F(PostfixLog, NeverSaysThatARequestWasSent) {
  auto forged = facts();
  forged.mail_from = "dsn=2.0.0,status=bounced@town.example";
  forged.client.name = "x[status=sent";
  const auto log = lines_of_filing(forged, {request}, 1) +
                   lines_of_refusal(forged, {.reply = {550, "5.1.1", "dsn=2.0.0", Refusal::unknown_recipient},
                                             .stage = Stage::recipient,
                                             .said = {},
                                             .mail_from = forged.mail_from,
                                             .recipients = {request}});
  EXPECT_THAT(log, Not(HasSubstr("dsn=")));
  EXPECT_THAT(log, Not(HasSubstr("status=")));
}

TEST_F(PostfixLog, AStrangerWritesNoLineAndNoOtherQueueId) {
  auto forged = facts();
  forged.mail_from =
      "a\r\nOct  3 16:39:35 mx postfix/qmgr[1]: AAAA: from=<" + std::string(request) + ">\x1b[2J\xff";
  forged.client.name = "a b: c";
  const auto log = lines_of_filing(forged, {std::string(1'000'000, 'x') + "@example.test"}, 1);
  std::istringstream in(log);
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    EXPECT_EQ(words(line).at(5), "61E830B2ECEE:");
    EXPECT_LT(line.size(), 1000u);
    for (const char c : line)
      EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
  }
  EXPECT_EQ(lines, 3u);
}

// A VERP address has an = of its own.
TEST_F(PostfixLog, OtherEqualsSignsStay) {
  auto verp = facts();
  verp.mail_from = "bounce+foi=example.test@town.example";
  EXPECT_THAT(lines_of_filing(verp, {request}, 1), HasSubstr("from=<bounce+foi=example.test@town.example>"));
}

TEST_F(PostfixLog, AClientWithoutANameIsUnknown) {
  auto nameless = facts();
  nameless.client.name.clear();
  EXPECT_THAT(lines_of_filing(nameless, {request}, 1), HasSubstr("client=unknown[192.0.2.1]\n"));
}

}  // namespace
}  // namespace guichet::smtpd
