#include "filters/worker_pool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "filters/sandbox.h"

namespace guichet::filters {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Everything is there.
class EveryName : public Names {
 public:
  NameAnswer ask(const NameQuestion&) override {
    ++asked;
    return {NameAnswer::Outcome::found, {"192.0.2.1"}};
  }
  void expect(const std::vector<NameQuestion>& questions) override {
    expected += static_cast<unsigned>(questions.size());
  }
  unsigned asked = 0, expected = 0;
};

// A sanitizer in the worker keeps to our options.
std::vector<std::string> sanitizer_options() {
  std::vector<std::string> found;
  for (const std::string name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name.c_str())) found.push_back(name + "=" + value);
  return found;
}

std::size_t open_descriptors() {
  namespace fs = std::filesystem;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

class WorkerPoolTest : public testing::Test {
 protected:
  WorkerPoolTest() : descriptors_before_(open_descriptors()) {
    options_.command = {{GUICHET_WORKER_FOR_TESTS}, sanitizer_options()};
    options_.started = [this](std::string_view walls) {
      const std::lock_guard lock(mutex_);
      walls_.emplace_back(walls);
    };
    options_.ended = [this](Ending ending) {
      const std::lock_guard lock(mutex_);
      endings_.push_back(ending);
    };
    options_.sample = [this](const MessageFile& message, const std::string& why) {
      const std::lock_guard lock(mutex_);
      samples_.push_back(std::to_string(message.size_octets()) + " octets: " + why);
    };
    options_.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    };
  }

  // Whatever happened: no process and no descriptor is left.
  ~WorkerPoolTest() override {
    pool_.reset();
    EXPECT_FALSE(has_children());
    EXPECT_EQ(open_descriptors(), descriptors_before_);
  }

  WorkerPool& pool() {
    if (!pool_) pool_.emplace(options_);
    return *pool_;
  }

  Outcome judge(const std::string& octets) {
    const auto message = message_file(octets, {.folder = testing::TempDir()});
    EXPECT_TRUE(message.has_value()) << message.error();
    return pool().examine({.client = "192.0.2.1", .helo = "h\xFF", .mail_from = "a@b", .hostname = "mx"},
                          *message, names_);
  }

  void expect_good(const Outcome& outcome) {
    EXPECT_EQ(outcome.ending, Ending::done) << outcome.error;
    EXPECT_THAT(outcome.findings.errors, IsEmpty());
    ASSERT_TRUE(outcome.findings.spf);
    EXPECT_EQ(outcome.findings.spf->result, AuthResult::pass);
    ASSERT_TRUE(outcome.findings.mime);
    EXPECT_EQ(outcome.findings.mime->parts.size(), 1u);
    EXPECT_EQ(outcome.findings.dns.size(), 1u);
  }

  // The deed ends its worker so, the message is kept as a sample, and the next message knows nothing of it.
  Outcome expect_end(const std::string& deed, Ending ending, const std::string& error) {
    SCOPED_TRACE(deed);
    expect_good(judge("ordinary"));
    const auto started = walls_.size();
    const auto outcome = judge(deed);
    EXPECT_EQ(outcome.ending, ending) << outcome.error;
    EXPECT_THAT(outcome.error, HasSubstr(error));
    EXPECT_THAT(outcome.findings.errors, Contains(outcome.error));
    EXPECT_THAT(pool().pids(), IsEmpty());
    EXPECT_THAT(samples_, ElementsAre(std::to_string(deed.size()) + " octets: " + outcome.error));
    expect_good(judge("ordinary"));
    EXPECT_THAT(endings_, ElementsAre(Ending::done, ending, Ending::done));
    EXPECT_EQ(walls_.size(), started + 1);
    samples_.clear(), endings_.clear();
    return outcome;
  }

  std::size_t descriptors_before_;
  WorkerPoolOptions options_;
  EveryName names_;
  std::mutex mutex_;
  std::vector<std::string> walls_, samples_, lines_;
  std::vector<Ending> endings_;
  std::optional<WorkerPool> pool_;
};

// What only the walls prevent, or the memory limit.
class WallsTest : public WorkerPoolTest {
 protected:
  void SetUp() override {
    if (built_with_sanitizer())
      GTEST_SKIP() << "a build with a sanitizer has no walls; the release build runs this";
  }
};

TEST_F(WorkerPoolTest, JudgesOneMessageAfterTheOtherInOneProcess) {
  for (int i = 0; i < 20; ++i)
    expect_good(judge("ordinary\n" + std::string(static_cast<std::size_t>(i) * 1'000, 'x')));
  EXPECT_EQ(walls_.size(), 1u);
  EXPECT_EQ(names_.asked, 20u);
  EXPECT_EQ(names_.expected, 40u);
  EXPECT_THAT(samples_, IsEmpty());
}

TEST_F(WorkerPoolTest, JudgesMessagesOfAnySize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{64} << 20}) {
    const auto outcome = judge(std::string(size, 'x'));
    expect_good(outcome);
    ASSERT_TRUE(outcome.findings.mime);
    EXPECT_EQ(outcome.findings.mime->parts[0].size_octets, size);
  }
}

TEST_F(WorkerPoolTest, OutlivesACrash) {
  // asan catches the signal, says what it was on standard error, and exits.
  expect_end("crash", Ending::died, built_with_sanitizer() ? "the worker ended with exit code" : "(SIGSEGV)");
  expect_end("abort", Ending::died, "died by signal 6 (SIGABRT) before it looked at the message");
  expect_end("exit 0", Ending::died, "ended with exit code 0");
  expect_end("close the socket and hang", Ending::died, "was killed");
}

TEST_F(WorkerPoolTest, KeepsWhatWasFoundBeforeTheCrash) {
  const auto outcome = expect_end("findings then crash", Ending::died, "while it read the parts");
  ASSERT_TRUE(outcome.findings.spf && outcome.findings.mime);
  EXPECT_EQ(outcome.findings.spf->result, AuthResult::pass);
  EXPECT_EQ(outcome.findings.dns.size(), 1u);
}

TEST_F(WorkerPoolTest, AnExceptionIsAnErrorOfItsMessageAndTheEndOfItsWorker) {
  const auto outcome = judge("throw");
  EXPECT_EQ(outcome.ending, Ending::done);
  EXPECT_THAT(outcome.findings.errors, ElementsAre("an exception: a library's own"));
  expect_good(judge("ordinary"));
  EXPECT_EQ(walls_.size(), 2u);
}

TEST_F(WorkerPoolTest, KillsWhoeverIsLate) {
  options_.limits.deadline = 200ms;
  expect_end("hang", Ending::late, "took longer than 200 ms and was killed");
  expect_end("ask and not listen", Ending::late, "killed");
}

TEST_F(WorkerPoolTest, KillsWhoeverTakesTheProcessor) {
  options_.limits.cpu = 150ms;
  const auto began = std::chrono::steady_clock::now();
  expect_end("spin CPU", Ending::overspent, "took more than 150 ms of the processor");
  EXPECT_LT(std::chrono::steady_clock::now() - began, options_.limits.deadline);
}

TEST_F(WorkerPoolTest, KillsWhoeverTalksNonsense) {
  for (const auto* deed : {"send nonsense", "send 9 MiB", "send bad findings", "send an unknown frame",
                           "send octets unasked", "say it twice"})
    expect_end(deed, Ending::nonsense, "makes no sense");
  expect_end("talk for ever", Ending::nonsense, "said too much");
}

TEST_F(WorkerPoolTest, WritingToEveryDescriptorChangesNothingButTheWorkersEnd) {
  const std::string octets = "write to 0-9";
  const auto message = message_file(octets);
  const auto outcome = pool().examine({}, *message, names_);
  EXPECT_EQ(outcome.ending, Ending::nonsense) << outcome.error;
  std::string after(octets.size() + 1, '\0');
  EXPECT_EQ(::pread(message->descriptor(), after.data(), after.size(), 0),
            static_cast<ssize_t>(octets.size()));
  EXPECT_EQ(after.substr(0, octets.size()), octets);
  expect_good(judge("ordinary"));
}

TEST_F(WorkerPoolTest, AsksDnsThirtyTimesAndNoMore) {
  const auto outcome = judge("ask DNS 1000 times");
  EXPECT_EQ(outcome.ending, Ending::done) << outcome.error;
  EXPECT_EQ(names_.asked, 30u);
  ASSERT_TRUE(outcome.findings.spf);
  EXPECT_EQ(outcome.findings.spf->terms, 30u);
  EXPECT_EQ(outcome.findings.dns.size(), 30u);
}

TEST_F(WorkerPoolTest, LogsWhatAWorkerSaysInPrintableLines) {
  judge("talk on stderr");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_THAT(lines_[0], testing::MatchesRegex("filter worker [0-9]+: one \\?\\[2J"));
  EXPECT_THAT(lines_[1], HasSubstr(": and two"));
  lines_.clear();
  EXPECT_EQ(judge("flood stderr").ending, Ending::done);
  EXPECT_LE(lines_.size(), 32u);
}

TEST_F(WorkerPoolTest, ReplacesAWorkerAfterSoManyMessages) {
  options_.messages_per_worker = 3;
  for (int i = 0; i < 7; ++i)
    expect_good(judge("ordinary"));
  EXPECT_EQ(walls_.size(), 3u);
}

TEST_F(WorkerPoolTest, ReplacesAWorkerThatDiedIdle) {
  expect_good(judge("ordinary"));
  const auto pids = pool().pids();
  ASSERT_EQ(pids.size(), 1u);
  ASSERT_EQ(::kill(pids[0], SIGKILL), 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pids[0]), &info, WEXITED | WNOWAIT), 0);
  expect_good(judge("ordinary"));
  EXPECT_EQ(walls_.size(), 2u);
  EXPECT_THAT(samples_, IsEmpty());
}

// The same, but so late that only the message finds out: it has another worker, and is not marked.
TEST_F(WorkerPoolTest, AMessageWhoseWorkerIsKilledBeforeItReadsHasAnother) {
  expect_good(judge("ordinary"));
  const auto pid = pool().pids().at(0);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED), 0);
  // Whether it comes before the message is sent or after, the outcome is the same.
  std::thread killer([&] { ::kill(pid, SIGKILL); });
  expect_good(judge("ordinary"));
  killer.join();
  EXPECT_EQ(walls_.size(), 2u);
  EXPECT_THAT(endings_, ElementsAre(Ending::done, Ending::done));
  EXPECT_THAT(samples_, IsEmpty());
}

TEST_F(WorkerPoolTest, AWorkerThatDoesNotStartIsAnOutcome) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands{
      {{"/nowhere/guichet"}, "/nowhere/guichet: No such file or directory"},
      {{}, "no program is named"},
      {{GUICHET_WORKER_FOR_TESTS, "ends at once"}, "ended with exit code 3 before its walls stood"},
      {{"/bin/true"}, "ended with exit code 0 before its walls stood"}};
  for (const auto& [words, error] : commands) {
    options_.command.words = words;
    pool_.reset();
    const auto outcome = judge("ordinary");
    EXPECT_EQ(outcome.ending, Ending::not_started);
    EXPECT_THAT(outcome.error, HasSubstr(error));
    EXPECT_THAT(outcome.findings.errors, ElementsAre(outcome.error));
  }
  EXPECT_THAT(samples_, IsEmpty());
}

TEST_F(WorkerPoolTest, ExtractsOctetsAsTheyComeAndNoMoreThanTheMessageHas) {
  std::string octets(1'000'003, '\0');
  std::mt19937 random(7);
  std::ranges::generate(octets, [&] { return static_cast<char>(random()); });
  const auto message = message_file(octets);
  std::string got;
  const auto extract = [&](const std::string& part) {
    got.clear();
    return pool().extract(part, *message, [&](std::string_view piece) { got += piece; });
  };
  EXPECT_EQ(extract("1").ending, Ending::done);
  EXPECT_EQ(got, octets);
  EXPECT_EQ(extract("too much").ending, Ending::nonsense);
  EXPECT_LE(got.size(), octets.size());
  EXPECT_EQ(extract("crash").ending, Ending::died);
  EXPECT_TRUE(octets.starts_with(got));
  EXPECT_EQ(extract("1").ending, Ending::done);
  EXPECT_EQ(got, octets);
}

TEST_F(WorkerPoolTest, IsToldWhichWallsStand) {
  expect_good(judge("ordinary"));
  ASSERT_EQ(walls_.size(), 1u);
  EXPECT_THAT(walls_[0], HasSubstr(built_with_sanitizer() ? "left out" : "seccomp"));
}

TEST_F(WallsTest, EndWhoeverLeavesThem) {
  for (const auto* deed : {"fork", "open a file", "open a socket", "exec", "kill the parent",
                           "signal another", "make executable"})
    expect_end(deed, Ending::died, "died by signal 31 (SIGSYS)");
}

TEST_F(WallsTest, BoundTheMemory) {
  const auto outcome = judge("eat memory");
  EXPECT_EQ(outcome.ending, Ending::done) << outcome.error;
  EXPECT_THAT(outcome.findings.errors, ElementsAre("the message takes more memory than a worker has"));
  expect_good(judge("ordinary"));
  EXPECT_EQ(walls_.size(), 2u);
}

// What the kernel says of a worker, rather than what the worker says of itself.
TEST_F(WallsTest, AreSeenFromOutside) {
  expect_good(judge("ordinary"));
  const auto folder = "/proc/" + std::to_string(pool().pids().at(0));
  std::ifstream status(folder + "/status"), limits(folder + "/limits");
  const std::string said((std::istreambuf_iterator<char>(status)), {});
  const std::string limited((std::istreambuf_iterator<char>(limits)), {});
  EXPECT_THAT(said, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(said, HasSubstr("Seccomp:\t2\n"));
  EXPECT_THAT(said, HasSubstr("Threads:\t1\n"));
  EXPECT_THAT(limited, testing::ContainsRegex("Max data size +134217728 +134217728"));
  EXPECT_THAT(limited, testing::ContainsRegex("Max file size +0 +0"));
  EXPECT_THAT(limited, testing::ContainsRegex("Max core file size +0 +0"));
  EXPECT_THAT(limited, testing::ContainsRegex("Max processes +0 +0"));
  std::vector<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd"))
    open.push_back(entry.path().filename());
  EXPECT_THAT(open, testing::UnorderedElementsAre("0", "1", "2", "3"));
}

TEST_F(WorkerPoolTest, SeveralThreadsShareTheWorkers) {
  options_.workers = 2;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  static_cast<void>(pool());
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      EveryName names;
      const auto message = message_file("ordinary");
      for (int j = 0; j < 50; ++j)
        good += pool_->examine({}, *message, names).ending == Ending::done;
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(good, 200);
  EXPECT_LE(walls_.size(), 2u);
}

// Issue 6: a worker killed at random loses no message.
TEST_F(WorkerPoolTest, EachMessageHasOneOutcomeWhileWorkersAreKilledAtRandom) {
  constexpr int messages = built_with_sanitizer() ? 200 : 2'000;
  options_.workers = 2;
  static_cast<void>(pool());
  std::atomic<int> next = 0, outcomes = 0, wrong = 0;
  std::atomic<unsigned> killed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      EveryName names;
      while (next++ < messages) {
        const auto message = message_file("ordinary");
        const auto outcome = pool_->examine({}, *message, names);
        ++outcomes;
        const bool whole = outcome.findings.spf && outcome.findings.mime && outcome.findings.errors.empty();
        wrong += outcome.ending == Ending::done ? !whole : outcome.findings.errors.empty();
      }
    });
  std::thread killer([&] {
    std::mt19937 random(11);
    // Each kill waits until the pool got on: never faster than it starts workers.
    for (int seen = 0; outcomes < messages; seen = outcomes) {
      while (outcomes < std::min(seen + 5, messages))
        std::this_thread::yield();
      const auto pids = pool_->pids();
      if (!pids.empty()) killed += ::kill(pids[random() % pids.size()], SIGKILL) == 0;
    }
  });
  for (auto& thread : threads)
    thread.join();
  killer.join();
  EXPECT_EQ(outcomes, messages);
  EXPECT_EQ(endings_.size(), static_cast<std::size_t>(messages));
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(killed, static_cast<unsigned>(messages) / 100);
  expect_good(judge("ordinary"));
  RecordProperty("killed", static_cast<int>(killed));
  RecordProperty("marked", static_cast<int>(std::ranges::count(endings_, Ending::died)));
}

}  // namespace
}  // namespace guichet::filters
