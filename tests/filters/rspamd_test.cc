#include "filters/rspamd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "scanner_fakes.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Kind = Unscanned::Kind;

const std::string verdict_json = R"({"score":7.25,"required_score":15,"action":"add header"})";
const std::string large(8 << 20, 'x');  // more than the kernel holds for one connection

std::string answer_with(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Request {
  std::string head, body;
};

Request read_request(Peer& peer) {
  Request request{.head = peer.read_until("\r\n\r\n"), .body = ""};
  const auto at = request.head.find("Content-Length: ");
  if (at != std::string::npos) request.body = peer.read(std::stoul(request.head.substr(at + 16)));
  return request;
}

RspamdFacts some_facts() {
  return {.envelope = {.client = "192.0.2.1",
                       .helo = "mail.example",
                       .mail_from = "a@b.example",
                       .hostname = "gate.example"},
          .recipients = {"c@d.example", "e@d.example"},
          .id = "01a204e4",
          .client_name = "mail.b.example"};
}

Rspamd asking(const FakeServer& server, std::chrono::milliseconds timeout) {
  return Rspamd({.url = "http://127.0.0.1:" + std::to_string(server.port()), .timeout = timeout});
}

// --- The request ---------------------------------------------------------------------------------------

TEST(RspamdHeaders, TellWhatIsKnown) {
  EXPECT_THAT(rspamd_headers(some_facts(), "secret"),
              ElementsAre("IP: 192.0.2.1", "Helo: mail.example", "Hostname: mail.b.example",
                          "From: <a@b.example>", "Rcpt: <c@d.example>", "Rcpt: <e@d.example>",
                          "Queue-Id: 01a204e4", "MTA-Name: gate.example", "Password: secret"));
  EXPECT_THAT(rspamd_headers({}, ""), ElementsAre("From: <>"));
}

TEST(RspamdHeaders, AreLinesWhateverIsInThem) {
  auto facts = some_facts();
  facts.envelope.client = "192.0.2.1\r\nSettings: {}";
  facts.envelope.helo = "x\r\nPass: all\r\n\r\n";
  facts.envelope.mail_from = "\xff\n@b\x7f";
  facts.recipients = {std::string("a\0b", 3), std::string(5000, 'r')};
  facts.client_name = "\t";
  const auto lines = rspamd_headers(facts, "p\nq");
  EXPECT_THAT(lines, Not(Contains(StartsWith("IP"))));
  EXPECT_THAT(lines, Contains("Helo: x??Pass: all????"));
  EXPECT_THAT(lines, Contains("From: <??@b?>"));
  EXPECT_THAT(lines, Contains("Rcpt: <a?b>"));
  EXPECT_THAT(lines, Contains("Password: p?q"));
  for (const auto& line : lines)
    EXPECT_LE(line.size(), 1100u);
}

TEST(RspamdHeaders, AreNotWithoutEnd) {
  auto facts = some_facts();
  facts.recipients.assign(5000, "c@d.example");
  EXPECT_LT(rspamd_headers(facts, "").size(), 1010u);
}

TEST(Rspamd, PostsTheWholeMessageAndItsFacts) {
  for (const std::size_t size : {0u, 1u, 65'536u, 3'000'001u}) {
    std::string octets(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      octets[i] = static_cast<char>(i * 7 % 251);
    Request request;
    {
      const FakeServer server([&](Peer& peer) {
        request = read_request(peer);
        peer.say(answer_with(verdict_json));
      });
      auto rspamd = asking(server, 20s);
      const auto verdict = rspamd.check(some_facts(), MessageInMemory(octets).file());
      ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
      EXPECT_EQ(verdict->score, 7.25);
      EXPECT_EQ(verdict->action, SpamAction::add_header);
      EXPECT_EQ(rspamd.gate().counts().answered, 1u);
    }
    EXPECT_THAT(request.head, StartsWith("POST /checkv2 HTTP/1.1\r\n"));
    for (const auto& line : rspamd_headers(some_facts(), ""))
      EXPECT_THAT(request.head, HasSubstr("\r\n" + line + "\r\n"));
    EXPECT_THAT(request.head, Not(HasSubstr("Expect")));
    EXPECT_THAT(request.head, Not(HasSubstr("Pass")));
    EXPECT_TRUE(request.body == octets);
  }
}

TEST(Rspamd, AsksOverAUnixSocket) {
  const Folder folder;
  const FakeServer server(folder.path("s"), [](Peer& peer) {
    (void)read_request(peer);
    peer.say(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n1d\r\n{\"score\":1,\"action\":\"reject\"}\r\n0\r\n\r\n");
  });
  Rspamd rspamd({.url = "unix:" + folder.path("s")});
  const auto verdict = rspamd.check(some_facts(), MessageInMemory("hello").file());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
  EXPECT_EQ(verdict->action, SpamAction::reject);
}

TEST(Rspamd, AsksNoProxyWhateverTheEnvironmentSays) {
  ::setenv("http_proxy", ("http://127.0.0.1:" + std::to_string(free_port())).c_str(), 1);
  const FakeServer server([](Peer& peer) {
    (void)read_request(peer);
    peer.say(answer_with(verdict_json));
  });
  auto rspamd = asking(server, 20s);
  const auto verdict = rspamd.check(some_facts(), MessageInMemory("hello").file());
  ::unsetenv("http_proxy");
  EXPECT_TRUE(verdict.has_value()) << verdict.error().why;
}

// The server would keep it, and closes it while the next request is on its way.
TEST(Rspamd, HasAConnectionForEachMessage) {
  const FakeServer server([](Peer& peer) {
    (void)read_request(peer);
    peer.say(answer_with(verdict_json));
    (void)peer.read(1);
  });
  auto rspamd = asking(server, 20s);
  for (int i = 0; i < 20; ++i) {
    const auto verdict = rspamd.check(some_facts(), MessageInMemory("hello").file());
    EXPECT_TRUE(verdict.has_value()) << verdict.error().why;
  }
  EXPECT_EQ(server.connections(), 20u);
}

// --- What goes wrong -----------------------------------------------------------------------------------

struct Misbehaviour {
  const char* name;
  FakeServer::Talk talk;
  std::string message;
  Kind kind;
  const char* why;
};

std::vector<Misbehaviour> misbehaviours() {
  const auto answers = [](const std::string& words, bool stays) {
    return [words, stays](Peer& peer) {
      (void)read_request(peer);
      peer.say(words);
      if (stays) peer.wait_until_alone();
    };
  };
  const auto whole = answer_with(verdict_json);
  const auto half = whole.substr(0, whole.size() - 20);
  return {
      {"hangs while it should read", [](Peer& peer) { peer.wait_until_alone(); }, large, Kind::timed_out, ""},
      {"hangs before its answer", answers("", true), "hello", Kind::timed_out, ""},
      {"hangs within its header", answers("HTTP/1.1 200 OK\r\nCont", true), "hello", Kind::timed_out, ""},
      {"hangs within its answer", answers(half, true), "hello", Kind::timed_out, ""},
      {"speaks slowly",
       [](Peer& peer) {
         peer.say("HTTP/1.1 200 OK\r\n\r\n");
         peer.say_slowly(" ");
       },
       "hello", Kind::timed_out, ""},
      {"only ever continues", [](Peer& peer) { peer.say_slowly("HTTP/1.1 100 Continue\r\n\r\n"); }, "hello",
       Kind::timed_out, ""},
      {"closes at once", [](Peer&) {}, large, Kind::down, ""},
      {"closes before its answer", answers("", false), "hello", Kind::down, ""},
      {"closes within its answer", answers(half, false), "hello", Kind::down, ""},
      {"speaks no HTTP", answers("220 mail.example ESMTP\r\n", false), "hello", Kind::nonsense, ""},
      {"speaks binary", answers(std::string(300, '\xff'), false), "hello", Kind::nonsense, ""},
      {"says nothing", answers(answer_with(""), false), "hello", Kind::nonsense, "no JSON"},
      {"says half a thing", answers(answer_with("{\"score\":1,"), false), "hello", Kind::nonsense, ""},
      {"gives no number", answers(answer_with(R"({"score":NaN,"action":"reject"})"), false), "hello",
       Kind::nonsense, ""},
      {"never ends its header",
       [](Peer& peer) {
         peer.say("HTTP/1.1 200 OK\r\n");
         peer.say_for_ever("X: y\r\n");
       },
       "hello", Kind::nonsense, ""},
      {"never ends its answer",
       [](Peer& peer) {
         peer.say("HTTP/1.1 200 OK\r\n\r\n");
         peer.say_for_ever(std::string(10'000, ' '));
       },
       "hello", Kind::nonsense, ""},
      {"wants a password", answers(answer_with("{\"error\":\"Unauthorized\"}", "403 Forbidden"), false),
       "hello", Kind::declined, "HTTP status 403"},
      {"sends us elsewhere",
       answers("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false),
       "hello", Kind::declined, "302"},
      {"fails", answers(answer_with(verdict_json, "500 No"), false), "hello", Kind::declined, "500"},
  };
}

TEST(Rspamd, TakesNoMisbehaviourForAVerdict) {
  for (const auto& row : misbehaviours()) {
    const FakeServer server(row.talk);
    auto rspamd = asking(server, row.kind == Kind::timed_out ? 300ms : 20s);
    const MessageInMemory message(row.message);
    const auto begun = std::chrono::steady_clock::now();
    const auto verdict = rspamd.check(some_facts(), message.file());
    const auto time = std::chrono::steady_clock::now() - begun;
    ASSERT_FALSE(verdict.has_value()) << row.name;
    EXPECT_EQ(verdict.error().kind, row.kind) << row.name << ": " << verdict.error().why;
    EXPECT_THAT(verdict.error().why, HasSubstr(row.why)) << row.name;
    EXPECT_LT(time, 10s) << row.name;
    if (row.kind == Kind::timed_out) {
      EXPECT_GE(time, 290ms) << row.name;
    }
  }
}

TEST(Rspamd, BelievesNoVerdictOnHalfAMessage) {
  const FakeServer server([](Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
             std::to_string(verdict_json.size()) + "\r\n\r\n" + verdict_json);
    peer.wait_until_alone();
  });
  auto rspamd = asking(server, 20s);
  const auto verdict = rspamd.check(some_facts(), MessageInMemory(large).file());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().why, "rspamd answered before it had the whole message");
}

TEST(Rspamd, WaitsForAConnectionNoLongerThanItsDeadline) {
  const FullServer server;
  Rspamd rspamd({.url = "http://127.0.0.1:" + std::to_string(server.port()), .timeout = 300ms});
  const auto verdict = rspamd.check(some_facts(), MessageInMemory("hello").file());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, Kind::timed_out) << verdict.error().why;
}

TEST(Rspamd, SaysThatNobodyIsThereUntilItDoesNotAskAnyMore) {
  const Folder folder;
  auto now = CircuitBreaker::Time();
  for (const auto& url : {"http://127.0.0.1:" + std::to_string(free_port()), "unix:" + folder.path("none")}) {
    Rspamd rspamd({.url = url, .timeout = 20s}, [&] { return now; });
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(rspamd.check(some_facts(), MessageInMemory("x").file()).error().kind, Kind::down);
    EXPECT_EQ(rspamd.check(some_facts(), MessageInMemory("x").file()).error().kind, Kind::not_asked);
    EXPECT_EQ(rspamd.gate().counts().failed, 5u);
    EXPECT_EQ(rspamd.gate().counts().skipped, 1u);
  }
}

TEST(Rspamd, BlamesNobodyForAMessageThatCannotBeRead) {
  const FakeServer server([](Peer& peer) { (void)read_request(peer); });
  auto rspamd = asking(server, 20s);
  const MessageInMemory message("hello");
  const auto verdict =
      rspamd.check(some_facts(), {.descriptor = message.file().descriptor, .size_octets = 6});
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, Kind::unreadable);
}

}  // namespace
}  // namespace guichet::filters
