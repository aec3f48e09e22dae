// Against a server that behaves well, badly, and not at all. What a test waits for is an answer; how long
// that takes is asserted nowhere: "in time" means that the deadline was short and the answer came at all.
#include "net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/net/dns_server.h"

namespace guichet::net {
namespace {

using Outcome = DnsAnswer::Outcome;
using std::chrono::milliseconds;
using test::DnsServer;

constexpr milliseconds long_enough{60'000};  // for an answer that the server gives at once
constexpr milliseconds short_time{50};

std::future<DnsAnswer> ask(Resolver& resolver, const std::string& name, RecordType type,
                           milliseconds within = long_enough) {
  auto promise = std::make_shared<std::promise<DnsAnswer>>();
  resolver.ask(name, type, std::chrono::steady_clock::now() + within,
               [promise](DnsAnswer answer) { promise->set_value(std::move(answer)); });
  return promise->get_future();
}

using Records = std::vector<std::string>;

class ResolverTest : public testing::Test {
 protected:
  DnsServer server_;
  Resolver resolver_{{.servers = {server_.address()}, .in_flight_max = 8}};
};

TEST_F(ResolverTest, FindsEachType) {
  const std::pair<RecordType, std::string> expected[] = {{RecordType::a, "192.0.2.1"},
                                                         {RecordType::aaaa, "2001:db8::1"},
                                                         {RecordType::ptr, "mail.example"},
                                                         {RecordType::mx, "10 mail.example"},
                                                         {RecordType::txt, "text"}};
  for (const auto& [type, text] : expected) {
    const auto answer = ask(resolver_, "found.example.test", type).get();
    EXPECT_EQ(answer.outcome, Outcome::found);
    EXPECT_EQ(answer.records, Records{text});
  }
  EXPECT_EQ(resolver_.counts().found, 5u);
}

// Loopback has names here: the tests of the gateway live there.
TEST_F(ResolverTest, AsksTheServersForAddressesOfLoopbackToo) {
  EXPECT_EQ(ask(resolver_, "found.0.0.127.in-addr.arpa", RecordType::ptr).get().records,
            Records{"mail.example"});
}

TEST_F(ResolverTest, TellsNothingFromFailure) {
  EXPECT_EQ(ask(resolver_, "nowhere.example.test", RecordType::a).get().outcome, Outcome::nothing);
  EXPECT_EQ(ask(resolver_, "nodata.example.test", RecordType::a).get().outcome, Outcome::nothing);
  EXPECT_EQ(ask(resolver_, "servfail.example.test", RecordType::a).get().outcome, Outcome::failed);
  const auto counts = resolver_.counts();
  EXPECT_EQ(counts.asked, 3u);
  EXPECT_EQ(counts.nothing, 2u);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.late, 0u);
}

TEST_F(ResolverTest, RemembersAnswers) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask(resolver_, "found.again.test", RecordType::a).get().outcome, Outcome::found);
  EXPECT_EQ(server_.asked("found.again.test"), 1);
}

TEST_F(ResolverTest, TakesOverTcpWhatWasTruncated) {
  const auto answer = ask(resolver_, "large.example.test", RecordType::txt).get();
  ASSERT_EQ(answer.outcome, Outcome::found);
  EXPECT_EQ(answer.records, Records{std::string(2000, 'x')});
}

TEST_F(ResolverTest, AServerThatNeverAnswersCostsTheDeadline) {
  EXPECT_EQ(ask(resolver_, "silent.example.test", RecordType::a, short_time).get().outcome, Outcome::failed);
  EXPECT_EQ(resolver_.counts().late, 1u);
  EXPECT_EQ(ask(resolver_, "found.example.test", RecordType::a).get().outcome, Outcome::found);
}

TEST_F(ResolverTest, MalformedAnswersAreNoAnswers) {
  for (const auto* name : {"garbage.example.test", "loop.example.test"})
    EXPECT_EQ(ask(resolver_, name, RecordType::a, short_time).get().outcome, Outcome::failed) << name;
  EXPECT_EQ(ask(resolver_, "found.example.test", RecordType::a).get().outcome, Outcome::found);
}

TEST_F(ResolverTest, HasABoundAndSaysSoAtOnce) {
  std::vector<std::future<DnsAnswer>> open;
  for (int i = 0; i < 8; ++i)
    open.push_back(ask(resolver_, "silent.n" + std::to_string(i) + ".test", RecordType::a));
  EXPECT_EQ(ask(resolver_, "found.example.test", RecordType::a).get().outcome, Outcome::failed);
  EXPECT_EQ(resolver_.counts().crowded, 1u);
  // The same question once more is no other one.
  EXPECT_EQ(ask(resolver_, "silent.n0.test", RecordType::a, short_time).get().outcome, Outcome::failed);
  EXPECT_EQ(resolver_.counts().crowded, 1u);
  EXPECT_EQ(resolver_.counts().late, 1u);
  resolver_.stop();
  for (auto& answer : open)
    EXPECT_EQ(answer.get().outcome, Outcome::failed);
}

TEST_F(ResolverTest, AnswersWhatIsNoName) {
  for (const auto& name : {std::string(300, 'a'), std::string("a..b"), std::string(64, 'a') + ".test"})
    EXPECT_EQ(ask(resolver_, name, RecordType::a).get().outcome, Outcome::failed) << name;
}

TEST_F(ResolverTest, StoppedAnswersAtOnce) {
  auto open = ask(resolver_, "silent.example.test", RecordType::a);
  resolver_.stop();
  EXPECT_EQ(open.get().outcome, Outcome::failed);
  EXPECT_EQ(ask(resolver_, "found.example.test", RecordType::a).get().outcome, Outcome::failed);
  const auto counts = resolver_.counts();
  EXPECT_EQ(counts.asked, counts.found + counts.nothing + counts.failed);
}

TEST(Resolver, WithNobodyThereFails) {
  std::string address;
  {
    const DnsServer gone;
    address = gone.address();
  }
  Resolver resolver({.servers = {address}});
  EXPECT_EQ(resolver.trouble(), "");
  EXPECT_EQ(ask(resolver, "found.example.test", RecordType::a, short_time).get().outcome, Outcome::failed);
}

TEST(Resolver, SaysWhatIsWrongWithAServer) {
  Resolver resolver({.servers = {"nonsense:53"}});
  EXPECT_NE(resolver.trouble(), "");
  EXPECT_EQ(ask(resolver, "found.example.test", RecordType::a).get().outcome, Outcome::failed);
}

TEST_F(ResolverTest, TakesQuestionsFromManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> found{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        found += ask(resolver_, "found.n" + std::to_string(i % 5) + ".test", RecordType::a).get().outcome ==
                 Outcome::found;
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(found, 200);
}

}  // namespace
}  // namespace guichet::net
