#include "store/index.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "store/hash.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / "guichet-index-XXXXXX") {
    std::string name = path_.string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Ids in the order of their numbers, as those of version 7 are in the order of time.
Uuid id(unsigned number) {
  Uuid uuid;
  for (std::size_t i = 0; i < 4; ++i)
    uuid.octets[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  uuid.octets[6] = 0x70;
  return uuid;
}
MessageId message(unsigned number) {
  return {id(number)};
}
Uid uid(unsigned number) {
  return {id(0x80000000u + number)};
}
Instant at(std::int64_t second) {
  return {second * 1'000'000};
}

NewBody body(const std::string& octets, unsigned number, std::uint64_t offset = 100) {
  return {sha256(octets),
          {.volume = 1,
           .offset = offset,
           .size_octets = octets.size(),
           .message = message(number),
           .date = at(number)}};
}

NewFact received(unsigned number, const std::string& octets,
                 std::vector<Recipient> recipients = {{"a@x", "foi"}}) {
  return {{1, number * 1000ull},
          Received{message(number), at(number), sha256(octets), octets.size(), std::move(recipients), "{}"}};
}

NewFact delivered(unsigned delivery, unsigned number, Recipient recipient = {"a@x", "foi"}) {
  ServedForm form;
  form.size_octets = 10'000ull + delivery;
  return {{1, 1'000'000ull + delivery},
          Delivered{uid(delivery), message(number), at(delivery), std::move(recipient), form}};
}

NewFact handed_over(unsigned delivery, unsigned number, std::int64_t second = 77) {
  return {{1, 2'000'000ull + delivery}, HandedOver{uid(delivery), message(number), at(second), "pop3"}};
}

const IndexPosition somewhere = {{1, 5'000'000}, sha256("chain")};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().text;
  std::abort();
}
void must(const Result<void>& result) {
  ASSERT_TRUE(result) << result.error().text;
}

class IndexTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    index.reset();
    index = must(Index::open(file));
  }
  std::unique_ptr<IndexReader> another_reader() const { return must(IndexReader::open(file)); }
  IndexReader& reader() { return index->reader(); }
  void apply(std::vector<News> news) { must(index->apply(news, somewhere)); }
  void apply_one_by_one(const std::vector<News>& news) {
    for (const News& item : news)
      apply({item});
  }

  std::vector<unsigned> numbers(const std::vector<MessageRow>& rows) const {
    std::vector<unsigned> found;
    for (const auto& row : rows)
      for (unsigned n = 0; n < 300; ++n)
        if (row.message == message(n)) found.push_back(n);
    return found;
  }
  std::vector<std::uint64_t> waiting(const std::string& maildrop, std::size_t limit = 0) {
    std::vector<std::uint64_t> offsets;
    for (const auto& row : must(reader().waiting(maildrop, limit)))
      offsets.push_back(row.place.offset - 1'000'000);
    return offsets;
  }
  std::vector<unsigned> undelivered() { return numbers(must(reader().undelivered())); }

  Folder folder;
  fs::path file = folder.path() / "sub" / "index.sqlite";
  std::unique_ptr<Index> index;
};

using Numbers = std::vector<unsigned>;
using Offsets = std::vector<std::uint64_t>;

TEST_F(IndexTest, ANewOneIsEmpty) {
  EXPECT_EQ(must(reader().position()), std::nullopt);
  EXPECT_EQ(must(reader().counts()), IndexCounts{});
  EXPECT_EQ(must(reader().body(sha256("a"))), std::nullopt);
  EXPECT_FALSE(must(reader().message(message(1))));
  EXPECT_TRUE(must(reader().newest(10)).empty());
  EXPECT_TRUE(must(reader().matching("", 10)).empty());
  EXPECT_TRUE(must(reader().waiting("foi", 0)).empty());
  EXPECT_TRUE(must(reader().undelivered()).empty());
}

TEST_F(IndexTest, AnswersWhatItWasTold) {
  apply({body("octets", 1), received(1, "octets"), delivered(5, 1), handed_over(5, 1)});
  open();  // from the file, not from memory

  EXPECT_EQ(must(reader().position()), somewhere);
  EXPECT_EQ(must(reader().body(sha256("octets"))), body("octets", 1).place);
  const auto row = must(reader().message(message(1)));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->message, message(1));
  EXPECT_EQ(row->digest, sha256("octets"));
  EXPECT_EQ(row->received, at(1));
  EXPECT_EQ(row->size_octets, 6u);
  EXPECT_EQ(row->place, (Place{1, 1000}));
  const auto rows = must(reader().deliveries(message(1)));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].uid, uid(5));
  EXPECT_EQ(rows[0].message, message(1));
  EXPECT_EQ(rows[0].maildrop, "foi");
  EXPECT_EQ(rows[0].recipient, "a@x");
  EXPECT_EQ(rows[0].state, DeliveryState::handed_over);
  EXPECT_EQ(rows[0].place, (Place{1, 1'000'005}));
  EXPECT_EQ(rows[0].size_octets, 10'005u);
  EXPECT_EQ(rows[0].at, at(5));
  EXPECT_EQ(rows[0].handed_over_at, at(77));
  EXPECT_EQ(must(reader().counts()),
            (IndexCounts{.messages = 1, .bodies = 1, .deliveries = 1, .waiting = 0}));
}

TEST_F(IndexTest, WaitingIsInOrderOfArrivalAndOfOneMaildrop) {
  apply({received(1, "a"), delivered(9, 1), delivered(3, 1, {"b@x", "other"})});
  apply({received(2, "b"), delivered(4, 2), delivered(7, 2)});
  EXPECT_EQ(waiting("foi"), (Offsets{4, 7, 9}));  // by place, whatever came first
  EXPECT_EQ(waiting("foi", 2), (Offsets{4, 7}));
  EXPECT_EQ(waiting("other"), (Offsets{3}));
  EXPECT_EQ(waiting("fo"), Offsets{});
  EXPECT_EQ(waiting("' OR 1 = 1 --"), Offsets{});
  apply({handed_over(4, 2)});
  EXPECT_EQ(waiting("foi"), (Offsets{7, 9}));
  const auto rows = must(reader().waiting("other", 0));
  EXPECT_EQ(rows[0].uid, uid(3));
  EXPECT_EQ(rows[0].message, message(1));
  EXPECT_EQ(rows[0].size_octets, 10'003u);
}

TEST_F(IndexTest, NamesMayBeAnyOctets) {
  const Recipient recipient{"caf\xE9@x", std::string("foi\0\xFF", 5)};
  apply({received(1, "a", {recipient})});
  EXPECT_EQ(undelivered(), Numbers{1});
  apply({delivered(1, 1, recipient)});
  EXPECT_EQ(undelivered(), Numbers{});
  EXPECT_EQ(waiting(recipient.maildrop), Offsets{1});
  const auto rows = must(reader().deliveries(message(1)));
  EXPECT_EQ(rows[0].recipient, recipient.address);
  EXPECT_EQ(rows[0].maildrop, recipient.maildrop);
}

TEST_F(IndexTest, LargeNumbersSurvive) {
  NewFact fact = received(1, "a");
  std::get<Received>(fact.fact).size_octets = UINT64_MAX;
  fact.place = {UINT32_MAX, UINT64_MAX};
  apply({fact});
  const auto row = must(reader().message(message(1)));
  EXPECT_EQ(row->size_octets, UINT64_MAX);
  EXPECT_EQ(row->place, fact.place);
}

TEST_F(IndexTest, TheLastBodyOfADigestCounts) {
  apply({body("a", 1, 100), received(1, "a"), body("a", 2, 200), received(2, "a")});
  apply({body("a", 3, 300), received(3, "a")});
  apply({body("a", 2, 200)});
  EXPECT_EQ(must(reader().body(sha256("a"))), body("a", 3, 300).place);
  EXPECT_EQ(must(reader().matching("sha256:" + sha256("a").hex(), 10)).size(), 3u);
}

// --- Twice, and in any order
// ----------------------------------------------------------------------------------

std::vector<News> a_history() {
  return {body("a", 1),
          received(1, "a", {{"a@x", "foi"}, {"b@x", "foi"}}),
          delivered(1, 1, {"a@x", "foi"}),
          delivered(2, 1, {"b@x", "foi"}),
          handed_over(1, 1),
          received(2, "a", {{"c@x", "foi"}})};
}

std::string story_of(IndexReader& reader) {
  std::string story;
  const auto counts = must(reader.counts());
  story += std::to_string(counts.messages) + " " + std::to_string(counts.bodies) + " " +
           std::to_string(counts.deliveries) + " " + std::to_string(counts.waiting) + "\n";
  for (const auto& row : must(reader.newest(100))) {
    story += row.message.uuid.text() + " " + row.digest.hex() + "\n";
    for (const auto& delivery : must(reader.deliveries(row.message)))
      story += "  " + delivery.uid.uuid.text() + " " + delivery.recipient + " " +
               std::to_string(static_cast<int>(delivery.state)) + " " +
               std::to_string(delivery.handed_over_at.value_or(Instant{}).unix_us) + "\n";
  }
  for (const auto& row : must(reader.undelivered()))
    story += "awaited " + row.message.uuid.text() + "\n";
  for (const auto& row : must(reader.waiting("foi", 0)))
    story += "waiting " + row.uid.uuid.text() + "\n";
  for (const auto& row : must(reader.matching("sha256:" + sha256("a").hex(), 10)))
    story += "matching " + row.message.uuid.text() + "\n";
  return story;
}

TEST_F(IndexTest, ApplyingTwiceIsHarmless) {
  apply(a_history());
  const std::string once = story_of(reader());
  apply(a_history());
  EXPECT_EQ(story_of(reader()), once);
  apply_one_by_one(a_history());
  EXPECT_EQ(story_of(reader()), once);
}

TEST_F(IndexTest, AnyOrderTellsTheSameStory) {
  apply(a_history());
  const std::string wanted = story_of(reader());
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  int round = 0;
  do {
    std::vector<News> news;
    for (const std::size_t i : order)
      news.push_back(a_history()[i]);
    must(index->begin_rebuild());
    if (++round % 2 == 0) {
      apply(news);
    } else {
      apply_one_by_one(news);
    }
    must(index->end_rebuild());
    std::string story = story_of(reader());
    // Whether a message repeats octets is told by which came first: then only the order of matching()
    // differs.
    ASSERT_EQ(story.size(), wanted.size()) << story;
    ASSERT_EQ(story.substr(0, story.find("matching")), wanted.substr(0, wanted.find("matching")));
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(round, 720);
}

TEST_F(IndexTest, TheFirstHandOverCounts) {
  apply({handed_over(1, 1, 50)});
  apply({handed_over(1, 1, 60)});
  apply({received(1, "a"), delivered(1, 1)});
  apply({handed_over(1, 1, 70)});
  EXPECT_EQ(must(reader().deliveries(message(1)))[0].handed_over_at, at(50));
  EXPECT_EQ(waiting("foi"), Offsets{});
}

// --- What has no delivery yet
// ---------------------------------------------------------------------------------

TEST_F(IndexTest, UndeliveredUntilEachRecipientHasADelivery) {
  apply({received(1, "a", {{"a@x", "foi"}, {"b@x", "foi"}}), received(2, "b"), delivered(1, 2)});
  EXPECT_EQ(undelivered(), Numbers{1});
  apply({delivered(2, 1, {"a@x", "foi"})});
  EXPECT_EQ(undelivered(), Numbers{1});
  apply({delivered(3, 1, {"a@x", "foi"})});  // again to the same one: the other still waits
  EXPECT_EQ(undelivered(), Numbers{1});
  apply({delivered(4, 1, {"b@x", "foi"})});
  EXPECT_EQ(undelivered(), Numbers{});
}

TEST_F(IndexTest, ARecipientNamedTwiceNeedsOneDelivery) {
  apply({received(1, "a", {{"a@x", "foi"}, {"a@x", "foi"}, {"a@x", "other"}})});
  apply({delivered(1, 1, {"a@x", "foi"})});
  EXPECT_EQ(undelivered(), Numbers{1});
  apply({delivered(2, 1, {"a@x", "other"})});
  EXPECT_EQ(undelivered(), Numbers{});
}

TEST_F(IndexTest, AMessageWithoutRecipientsAwaitsNothing) {
  apply({received(1, "a", {})});
  EXPECT_EQ(undelivered(), Numbers{});
}

// --- Finding
// ------------------------------------------------------------------------------------------------

TEST_F(IndexTest, NewestFirstInPages) {
  for (unsigned n = 1; n <= 5; ++n)
    apply({received(n, "a")});
  EXPECT_EQ(numbers(must(reader().newest(3))), (Numbers{5, 4, 3}));
  EXPECT_EQ(numbers(must(reader().newest(3, message(3)))), (Numbers{2, 1}));
  EXPECT_EQ(numbers(must(reader().newest(3, message(1)))), Numbers{});
  EXPECT_EQ(numbers(must(reader().newest(0))), Numbers{});
}

TEST_F(IndexTest, MatchesTheFrontOfAnId) {
  for (const unsigned n : {0x10u, 0x11u, 0x20u})
    apply({received(n, std::to_string(n))});
  const auto matching = [&](const std::string& text) { return numbers(must(reader().matching(text, 10))); };
  EXPECT_EQ(matching("00000010"), Numbers{0x10});
  EXPECT_EQ(matching("0000001"), (Numbers{0x11, 0x10}));
  EXPECT_EQ(matching("00000020-0000-7"), Numbers{0x20});
  EXPECT_EQ(matching("0000002000007"), Numbers{0x20});
  EXPECT_EQ(matching(message(0x20).uuid.text()), Numbers{0x20});
  EXPECT_EQ(matching("00000020-"), Numbers{0x20});
  EXPECT_EQ(matching("0000-0020"), Numbers{});
  EXPECT_EQ(matching("00000020x"), Numbers{});
  EXPECT_EQ(matching(message(0x20).uuid.text() + "0"), Numbers{});
  EXPECT_EQ(matching(""), (Numbers{0x20, 0x11, 0x10}));
  EXPECT_EQ(numbers(must(reader().matching("", 2))), (Numbers{0x20, 0x11}));
}

TEST_F(IndexTest, MatchesTheFrontOfADigestOfEveryMessageWithThoseOctets) {
  apply({body("a", 1), received(1, "a"), received(2, "a"), received(3, "b"), body("b", 3)});
  const auto matching = [&](const std::string& text) { return numbers(must(reader().matching(text, 10))); };
  std::string upper = sha256("a").hex();  // ca978112…
  for (char& c : upper)
    c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(matching("ca978"), (Numbers{1, 2}));
  EXPECT_EQ(matching("sha256:ca978112"), (Numbers{1, 2}));
  EXPECT_EQ(matching("SHA256:" + upper), (Numbers{1, 2}));
  EXPECT_EQ(matching(sha256("b").hex()), Numbers{3});  // its body came after it
  EXPECT_EQ(matching(sha256("b").hex() + "0"), Numbers{});
  EXPECT_EQ(matching("sha256:00000001"), Numbers{});
  EXPECT_EQ(numbers(must(reader().matching("ca978", 1))), Numbers{1});
}

TEST_F(IndexTest, TheSameDigitsMayBeginAnIdAndADigest) {
  apply({received(1, "a")});
  NewFact named_alike = received(2, "b");
  auto& fact = std::get<Received>(named_alike.fact);
  std::copy_n(sha256("a").octets.begin(), 16, fact.message.uuid.octets.begin());
  apply({named_alike});
  EXPECT_EQ(must(reader().matching("ca978112", 10)).size(), 2u);
}

TEST_F(IndexTest, AWalkOverAllDeliveriesMeetsEachOnce) {
  for (unsigned n = 1; n <= 5; ++n)
    apply({received(n, "a"), delivered(20 - n, n), delivered(40 + n, n)});
  std::vector<Uid> met;
  std::optional<DeliveryKey> last;
  for (;;) {
    const auto page = must(reader().deliveries_after(last, 3));
    for (const auto& row : page)
      met.push_back(row.uid);
    if (page.empty()) break;
    last = {page.back().message, page.back().uid};
  }
  std::sort(met.begin(), met.end());
  EXPECT_EQ(std::unique(met.begin(), met.end()), met.end());
  EXPECT_EQ(met.size(), 10u);
}

// --- Readers beside the writer
// ----------------------------------------------------------------------------------

TEST_F(IndexTest, AReaderSeesEachTransactionWhenItIsThere) {
  const auto beside = another_reader();
  EXPECT_EQ(must(beside->counts()).messages, 0u);
  apply({received(1, "a"), delivered(1, 1)});
  EXPECT_EQ(must(beside->counts()), (IndexCounts{.messages = 1, .deliveries = 1, .waiting = 1}));
}

TEST_F(IndexTest, AHeldReaderStaysAtItsMoment) {
  const auto beside = another_reader();
  must(beside->hold());
  EXPECT_EQ(must(beside->counts()).messages, 0u);
  apply({received(1, "a")});
  EXPECT_EQ(must(beside->counts()).messages, 0u);
}

TEST_F(IndexTest, AReaderNeverCheckpoints) {
  apply({received(1, "a")});
  // As a crash leaves it: a log that nobody has written back.
  const fs::path crashed = folder.path() / "crashed";
  fs::copy_file(file, crashed);
  fs::copy_file(fs::path(file).concat("-wal"), fs::path(crashed).concat("-wal"));
  const auto log_octets = fs::file_size(fs::path(crashed).concat("-wal"));
  EXPECT_EQ(must(must(IndexReader::open(crashed))->counts()).messages, 1u);
  EXPECT_EQ(fs::file_size(fs::path(crashed).concat("-wal")), log_octets);
}

TEST_F(IndexTest, TheLogStaysSmall) {
  for (unsigned batch = 0; batch < 500; ++batch) {
    std::vector<News> news;
    for (unsigned n = batch * 16; n < batch * 16 + 16; ++n)
      news.push_back(body(std::to_string(n), n));
    apply(news);
  }
  EXPECT_LT(fs::file_size(fs::path(file).concat("-wal")), 20u << 20);
}

TEST_F(IndexTest, ThereIsNoReaderWithoutAnIndex) {
  const auto error_of = [](const fs::path& path) { return IndexReader::open(path).error().kind; };
  EXPECT_EQ(error_of(folder.path() / "none"), ErrorKind::absent);
  std::ofstream(folder.path() / "nothing");
  EXPECT_EQ(error_of(folder.path() / "nothing"), ErrorKind::absent);
  std::ofstream(folder.path() / "text") << std::string(10'000, 'x');
  EXPECT_EQ(error_of(folder.path() / "text"), ErrorKind::foreign);
}

// --- What is no index of ours
// -----------------------------------------------------------------------------------

void run_sql(const fs::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

class ForeignIndexTest : public IndexTest {
 protected:
  void SetUp() override {
    fs::create_directories(file.parent_path());
    aside = fs::path(file).concat(".foreign");
  }
  void expect_set_aside() {
    open();
    EXPECT_TRUE(fs::exists(aside));
    EXPECT_EQ(must(reader().counts()), IndexCounts{});
    apply({received(1, "a")});
    open();
    EXPECT_EQ(must(reader().counts()).messages, 1u);
  }

  fs::path aside;
};

TEST_F(ForeignIndexTest, TextIsSetAside) {
  std::ofstream(file) << std::string(10'000, 'x');
  std::ofstream(fs::path(file).concat("-wal")) << "left over";
  expect_set_aside();
  EXPECT_EQ(fs::file_size(aside), 10'000u);
}

TEST_F(ForeignIndexTest, AnotherProgramsDatabaseIsSetAside) {
  run_sql(file, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  expect_set_aside();
  run_sql(aside, "SELECT x FROM theirs");
}

TEST_F(ForeignIndexTest, AnotherVersionIsSetAside) {
  open();
  index.reset();
  run_sql(file, "PRAGMA user_version = 999");
  EXPECT_EQ(IndexReader::open(file).error().kind, ErrorKind::foreign);
  expect_set_aside();
}

TEST_F(ForeignIndexTest, ADamagedSchemaIsSetAside) {
  open();
  index.reset();
  std::fstream octets(file, std::ios::in | std::ios::out | std::ios::binary);
  octets.seekp(100);
  octets << std::string(3000, '\x55');
  octets.close();
  expect_set_aside();
}

TEST_F(ForeignIndexTest, AnEmptyFileIsTaken) {
  std::ofstream{file};
  open();
  EXPECT_FALSE(fs::exists(aside));
  EXPECT_EQ(must(reader().counts()), IndexCounts{});
}

TEST_F(ForeignIndexTest, AnewWhateverThereIs) {
  open();
  apply({received(1, "a")});
  index.reset();
  index = must(Index::open_anew(file));
  EXPECT_TRUE(fs::exists(aside));
  EXPECT_EQ(must(reader().counts()), IndexCounts{});
}

TEST(Index, NoFolderIsAnError) {
  const Folder folder;
  std::ofstream(folder.path() / "file");
  EXPECT_FALSE(Index::open(folder.path() / "file" / "index.sqlite"));
}

// --- Rebuilding
// ---------------------------------------------------------------------------------------------------

TEST_F(IndexTest, ARebuildIsSeenWhenItHasEnded) {
  apply({body("a", 1), received(1, "a"), delivered(1, 1), handed_over(2, 9)});
  const auto beside = another_reader();
  must(index->begin_rebuild());
  apply({received(2, "b"), received(3, "c")});
  EXPECT_EQ(numbers(must(beside->newest(9))), Numbers{1});
  must(index->end_rebuild());
  EXPECT_EQ(numbers(must(beside->newest(9))), (Numbers{3, 2}));
  EXPECT_EQ(must(beside->counts()), (IndexCounts{.messages = 2}));
  apply({delivered(2, 9)});
  EXPECT_EQ(waiting("foi"), Offsets{2});  // the hand-over known before went with the rest
}

TEST_F(IndexTest, ARebuildThatIsAbandonedChangesNothing) {
  apply({received(1, "a")});
  index->abandon_rebuild();
  must(index->begin_rebuild());
  apply({received(2, "b")});
  index->abandon_rebuild();
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
  must(index->begin_rebuild());
  apply({received(2, "b")});
  open();
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
}

// --- A full disk
// --------------------------------------------------------------------------------------------------

// No file grows past its size while this lives.
class FullDisk {
 public:
  explicit FullDisk(const fs::path& largest) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now = {fs::file_size(largest) + 8192, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

std::vector<News> much_news() {
  std::vector<News> news;
  for (unsigned n = 2; n < 3000; ++n)
    news.push_back(received(n, std::to_string(n)));
  return news;
}

TEST_F(IndexTest, WhatDoesNotFitLeavesNothingBehind) {
  apply({received(1, "a")});
  const IndexPosition later = {{9, 9}, sha256("later")};
  {
    const FullDisk full(fs::path(file).concat("-wal"));
    EXPECT_FALSE(index->apply(much_news(), later));
  }
  EXPECT_EQ(must(reader().counts()).messages, 1u);
  EXPECT_EQ(must(reader().position()), somewhere);
  must(index->apply(much_news(), later));
  EXPECT_EQ(must(reader().counts()).messages, 2999u);
  EXPECT_EQ(must(reader().position()), later);
}

TEST_F(IndexTest, ARebuildThatFailsLeavesTheOldIndex) {
  apply({received(1, "a")});
  must(index->begin_rebuild());
  {
    const FullDisk full(fs::path(file).concat("-wal"));
    std::vector<News> news = much_news();
    Result<void> done;
    // The cache holds some of it: it fails when that is written out, at the latest at the end.
    for (unsigned round = 1; done && round < 40; ++round) {
      done = index->apply(news, somewhere);
      for (News& item : news)
        std::get<Received>(std::get<NewFact>(item).fact).message.uuid.octets[12] =
            static_cast<std::uint8_t>(round);
    }
    EXPECT_FALSE(done);
    EXPECT_FALSE(index->apply({}, somewhere));
    EXPECT_FALSE(index->end_rebuild());
  }
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
  apply({received(2, "b")});
  EXPECT_EQ(numbers(must(another_reader()->newest(9))), (Numbers{2, 1}));
}

}  // namespace
}  // namespace guichet::store
