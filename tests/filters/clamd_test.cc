#include "filters/clamd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "scanner_fakes.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using testing::HasSubstr;
using Kind = Unscanned::Kind;

// --- The answer ----------------------------------------------------------------------------------------

TEST(ClamdAnswer, IsCleanInOneFormOnly) {
  EXPECT_EQ(clamd_verdict("stream: OK"), (ClamdVerdict{ClamdVerdict::Kind::clean, ""}));
  for (const auto answer :
       {""sv, "OK"sv, "stream: OK "sv, " stream: OK"sv, "stream: ok"sv, "stream: O"sv, "stream: OK\n"sv,
        "stream: OK\0"sv, "stream:OK"sv, "x: OK"sv, "stream: "sv, "stream:  FOUND"sv, " FOUND"sv, "PONG"sv,
        "HTTP/1.1 200 OK"sv, "UNKNOWN COMMAND"sv}) {
    const auto verdict = clamd_verdict(answer);
    ASSERT_FALSE(verdict.has_value()) << answer;
    EXPECT_EQ(verdict.error().kind, Kind::nonsense) << answer;
  }
}

TEST(ClamdAnswer, NamesWhatWasFoundHarmlessly) {
  const auto name = [](const std::string& answer) { return clamd_verdict(answer).value().name; };
  EXPECT_EQ(name("stream: Some.Name-1.UNOFFICIAL FOUND"), "Some.Name-1.UNOFFICIAL");
  EXPECT_EQ(name("stream: a\r\nX: y\x1b FOUND"), "a??X: y?");
  EXPECT_EQ(name("stream: OK FOUND"), "OK");
  EXPECT_EQ(name("stream: " + std::string(3000, 'n') + " FOUND").size(), 200u);
  EXPECT_EQ(name("stream: Heuristics.Encrypted.Zip FOUND"), "Heuristics.Encrypted.Zip");
}

TEST(ClamdAnswer, OfOneThatDidNotLookIsNoVerdict) {
  const std::pair<std::string_view, Kind> rows[] = {
      {"INSTREAM size limit exceeded. ERROR", Kind::too_large},
      {"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Kind::too_large},
      {"stream: Heuristics.Limits.Exceeded FOUND", Kind::too_large},
      {"stream: Can't allocate memory ERROR", Kind::declined},
      {"Can't create temporary file ERROR", Kind::declined},
  };
  for (const auto& [answer, kind] : rows) {
    const auto verdict = clamd_verdict(answer);
    ASSERT_FALSE(verdict.has_value()) << answer;
    EXPECT_EQ(verdict.error().kind, kind) << answer;
  }
}

TEST(ScannerAddress, IsAPathOrAHostWithItsPort) {
  EXPECT_EQ(scanner_address("/run/x")->path, "/run/x");
  EXPECT_EQ(scanner_address("unix:/run/x")->path, "/run/x");
  EXPECT_EQ(scanner_address("scanner.example:3310")->host, "scanner.example");
  EXPECT_EQ(scanner_address("127.0.0.1:3310")->port, 3310);
  EXPECT_EQ(scanner_address("[::1]:3310")->host, "[::1]");
  for (const auto* text : {"", "x", ":1", "x:", "x:0", "x:65536", "x:1x", "unix:x", "::1:3310", "a@b:1",
                           "a/b:1", "a b:1", "[]:1", "x:-1"})
    EXPECT_EQ(scanner_address(text), std::nullopt) << text;
  EXPECT_EQ(scanner_address("/" + std::string(200, 'x')), std::nullopt);
}

// --- The connection ------------------------------------------------------------------------------------

// What INSTREAM gave, or nothing when it was not whole. `chunks` are the lengths.
std::optional<std::string> read_stream(Peer& peer, std::vector<std::size_t>* chunks = nullptr) {
  if (peer.read(10) != "zINSTREAM\0"sv) return std::nullopt;
  std::string message;
  for (;;) {
    const auto length = peer.read(4);
    if (length.size() < 4) return std::nullopt;
    std::size_t octets = 0;
    for (const char c : length)
      octets = octets << 8 | static_cast<unsigned char>(c);
    if (octets == 0) return message;
    if (chunks) chunks->push_back(octets);
    message += peer.read(octets);
  }
}

const std::string large(8 << 20, 'x');  // more than the kernel holds for one connection

Clamd asking(const FakeServer& server, std::chrono::milliseconds timeout) {
  return Clamd({.address = {.path = "", .host = "127.0.0.1", .port = server.port()}, .timeout = timeout});
}

TEST(Clamd, GivesTheWholeMessageInChunks) {
  for (const std::size_t size : {0u, 1u, 65'535u, 65'536u, 65'537u, 300'000u}) {
    std::string octets(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      octets[i] = static_cast<char>(i * 7 % 251);
    std::optional<std::string> seen;
    std::vector<std::size_t> chunks;
    {
      const FakeServer server([&](Peer& peer) {
        seen = read_stream(peer, &chunks);
        peer.say("stream: OK\0"sv);
      });
      auto clamd = asking(server, 20s);
      const auto verdict = clamd.check(MessageInMemory(octets).file());
      ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
      EXPECT_EQ(verdict->kind, ClamdVerdict::Kind::clean);
      EXPECT_EQ(clamd.gate().counts().answered, 1u);
    }
    EXPECT_EQ(seen, octets);
    EXPECT_EQ(chunks.size(), (size + 65'535) / 65'536);
  }
}

TEST(Clamd, HearsWhatWasFoundOverAUnixSocket) {
  const Folder folder;
  const FakeServer server(folder.path("s"), [](Peer& peer) {
    (void)read_stream(peer);
    peer.say("stream: Some"sv);
    peer.say(".Name FOUND\0"sv);
  });
  Clamd clamd({.address = *scanner_address(folder.path("s"))});
  const auto verdict = clamd.check(MessageInMemory("hello").file());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().why;
  EXPECT_EQ(*verdict, (ClamdVerdict{ClamdVerdict::Kind::found, "Some.Name"}));
}

struct Misbehaviour {
  const char* name;
  FakeServer::Talk talk;
  std::string message;
  Kind kind;
  const char* why;
};

std::vector<Misbehaviour> misbehaviours() {
  const auto after_the_stream = [](std::string_view words, bool stays) {
    return [words, stays](Peer& peer) {
      (void)read_stream(peer);
      peer.say(words);
      if (stays) peer.wait_until_alone();
    };
  };
  return {
      {"hangs while it should read", [](Peer& peer) { peer.wait_until_alone(); }, large, Kind::timed_out, ""},
      {"hangs before its answer", after_the_stream("", true), "hello", Kind::timed_out, "no answer in time"},
      {"hangs within its answer", after_the_stream("stream: OK", true), "hello", Kind::timed_out, ""},
      {"speaks slowly", [](Peer& peer) { peer.say_slowly("s"); }, "hello", Kind::timed_out, ""},
      {"closes at once", [](Peer&) {}, large, Kind::down, ""},
      {"closes in the middle", [](Peer& peer) { (void)peer.read(100'000); }, large, Kind::down, ""},
      {"closes before its answer", after_the_stream("", false), "hello", Kind::down, "after 0 octets"},
      {"closes within its answer", after_the_stream("stream:", false), "hello", Kind::down, "after 7 octets"},
      {"closes before its answer's end", after_the_stream("stream: OK", false), "hello", Kind::down, "10"},
      {"speaks nonsense", after_the_stream("\xff\r\n\0"sv, true), "hello", Kind::nonsense, "said: ???"},
      {"says nothing, with an end", after_the_stream("\0"sv, true), "hello", Kind::nonsense, ""},
      {"never ends", [](Peer& peer) { peer.say_for_ever("stream: OK "); }, "hello", Kind::nonsense, "end"},
      {"says OK too early", [](Peer& peer) { peer.say("stream: OK\0"sv), peer.wait_until_alone(); }, large,
       Kind::nonsense, "before it had the whole"},
      {"has enough",
       [](Peer& peer) {
         (void)peer.read(100'000);
         peer.say("INSTREAM size limit exceeded. ERROR\0"sv);
         peer.wait_until_alone();
       },
       large, Kind::too_large, "size limit"},
      {"declines", after_the_stream("stream: Can't do that ERROR\0"sv, true), "hello", Kind::declined, ""},
  };
}

// Each way of going wrong ends before its deadline is long over, and never as a verdict.
TEST(Clamd, TakesNoMisbehaviourForAVerdict) {
  for (const auto& row : misbehaviours()) {
    const FakeServer server(row.talk);
    auto clamd = asking(server, row.kind == Kind::timed_out ? 300ms : 20s);
    const MessageInMemory message(row.message);
    const auto begun = std::chrono::steady_clock::now();
    const auto verdict = clamd.check(message.file());
    const auto time = std::chrono::steady_clock::now() - begun;
    ASSERT_FALSE(verdict.has_value()) << row.name;
    EXPECT_EQ(verdict.error().kind, row.kind) << row.name << ": " << verdict.error().why;
    EXPECT_THAT(verdict.error().why, HasSubstr(row.why)) << row.name;
    EXPECT_LT(time, 10s) << row.name;
    if (row.kind == Kind::timed_out) {
      EXPECT_GE(time, 299ms) << row.name;
    }
  }
}

TEST(Clamd, WaitsForAConnectionNoLongerThanItsDeadline) {
  const Folder folder;
  const FullServer by_path(folder.path("full")), by_port;
  for (const auto& address : {*scanner_address(folder.path("full")),
                              *scanner_address("127.0.0.1:" + std::to_string(by_port.port()))}) {
    Clamd clamd({.address = address, .timeout = 300ms});
    const auto begun = std::chrono::steady_clock::now();
    const auto verdict = clamd.check(MessageInMemory("hello").file());
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().kind, Kind::timed_out) << verdict.error().why;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  }
}

TEST(Clamd, SaysThatNobodyIsThereUntilItDoesNotAskAnyMore) {
  const Folder folder;
  auto now = CircuitBreaker::Time();
  for (const auto& address : {*scanner_address(folder.path("none")),
                              *scanner_address("127.0.0.1:" + std::to_string(free_port()))}) {
    Clamd clamd({.address = address, .timeout = 20s}, [&] { return now; });
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(clamd.check(MessageInMemory("hello").file()).error().kind, Kind::down);
    const auto verdict = clamd.check(MessageInMemory("hello").file());
    EXPECT_EQ(verdict.error().kind, Kind::not_asked);
    EXPECT_THAT(verdict.error().why, HasSubstr("open for 0 s after 5 failures"));
    EXPECT_EQ(clamd.gate().counts().asked, 5u);
    EXPECT_EQ(clamd.gate().counts().skipped, 1u);
  }
}

TEST(Clamd, BlamesNobodyForAMessageThatCannotBeRead) {
  const FakeServer server([](Peer& peer) { (void)read_stream(peer); });
  auto clamd = asking(server, 20s);
  const MessageInMemory message("hello");
  for (int i = 0; i < 6; ++i) {
    const auto verdict = clamd.check({.descriptor = message.file().descriptor, .size_octets = 6});
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().kind, Kind::unreadable);
  }
}

}  // namespace
}  // namespace guichet::filters
