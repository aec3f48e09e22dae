// The index answers what it was told, whatever the order and however often.
#include <algorithm>
#include <fstream>

#include "tests/store/index_bench.h"

namespace guichet::store {
namespace {

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

}  // namespace
}  // namespace guichet::store
