// What verify makes of what befalls deliveries besides being handed over, and of an index that has it wrong.
#include <algorithm>
#include <iterator>

#include "store/books.h"
#include "tests/store/verify_bench.h"

namespace guichet::store {
namespace {

using testing::Contains;
using testing::IsEmpty;

class VerifyMovesTest : public VerifyTest {
 protected:
  // Six messages with two deliveries each, to which everything happened that may.
  std::vector<Delivered> befallen(Store& store) {
    std::vector<Delivered> all;
    for (int number = 0; number < 6; ++number)
      std::ranges::move(take(store, text(number)), std::back_inserter(all));
    const auto befall = [&](std::vector<Fact> facts) {
      append(store, {.body = {}, .facts = std::move(facts), .done = {}});
    };
    const auto now = clock_->now();
    const auto offer = [&](std::size_t i, OfferOutcome outcome) {
      befall({Offered{all[i].uid, all[i].message, now, "pop3", outcome, "why"}});
    };
    const auto leave = [&](std::size_t i, Way way) {
      befall({HandedOver{all[i].uid, all[i].message, now, "x", way}});
    };
    const auto requeue = [&](std::size_t i) {
      auto again = all[i];
      again.uid = Uid{ids_->mint(now)};
      befall({Requeued{all[i].uid, all[i].message, now, "root", "lost", again.uid}, again});
      return again;
    };
    offer(0, OfferOutcome::retrieved);
    offer(1, OfferOutcome::dropped);
    offer(1, OfferOutcome::listed);
    offer(2, OfferOutcome::failed);
    befall({Stuck{all[2].uid, all[2].message, now, "pop3", "too often"}});
    befall({Stuck{all[3].uid, all[3].message, now, "store", "not readable"}});
    leave(4, Way::pop3);
    befall({Confirmed{all[4].uid, all[4].message, now, "reconcile"}});
    leave(5, Way::smtp);
    leave(6, Way::discarded);
    leave(7, Way::pop3);
    const auto again = requeue(7);  // handed over, lost, handed over again
    befall({HandedOver{again.uid, again.message, now, "x"}});
    befall({Stuck{all[8].uid, all[8].message, now, "pop3", "too often"}});
    (void)requeue(8);  // stuck, and waits again
    offer(9, OfferOutcome::dropped);
    leave(9, Way::maildir);
    befall({Judged{all[10].message, now, "guichet", R"({"spf":{"result":"fail"}})"}});
    befall({Quarantined{all[10].uid, all[10].message, now, "rule", "junk"}});
    befall({Quarantined{all[11].uid, all[11].message, now, "rule", "junk"}});
    leave(11, Way::discarded);
    return all;
  }

  Books books_of_index() const {
    const auto index = IndexReader::open(index_file(folder_ / "store"));
    return books_of((*index)->books().value());
  }
};

// accepted = waiting + stuck + quarantined + handed over + routed + black-holed + erased, whatever befell
// them on the way.
TEST_F(VerifyMovesTest, KeepsTheBooksOfWhatBefellDeliveries) {
  const auto store = open_store();
  const auto deliveries = befallen(*store);
  store->stop();
  const Books expected{.accepted = 12,
                       .waiting = 3,
                       .stuck = 2,
                       .quarantined = 1,
                       .handed_over = 3,
                       .routed = 1,
                       .black_holed = 2,
                       .erased = 0};
  const auto report = verified();
  EXPECT_THAT(report.findings, IsEmpty());
  ASSERT_TRUE(report.books);
  EXPECT_EQ(*report.books, expected) << in_words(*report.books);
  EXPECT_EQ(report.books->accepted, report.books->accounted_for());
  EXPECT_EQ(report.deliveries, 14u) << "two were made anew";
  EXPECT_EQ(books_of_index(), expected) << in_words(books_of_index());
}

TEST_F(VerifyMovesTest, NamesWhatBefellADeliveryThatWasNeverMade) {
  const auto store = open_store();
  const auto message = take(*store, text(0)).front().message;
  const Uid none{ids_->mint(clock_->now())};
  append(*store, {.body = {},
                  .facts = {Offered{none, message, clock_->now(), "pop3", OfferOutcome::dropped, {}},
                            Stuck{none, message, clock_->now(), "pop3", "x"},
                            Confirmed{none, message, clock_->now(), "reconcile"},
                            Quarantined{none, message, clock_->now(), "rule", "x"},
                            Requeued{none, message, clock_->now(), "root", "x", none}},
                  .done = {}});
  store->stop();
  const auto found = findings();
  EXPECT_THAT(found, testing::SizeIs(5));
  for (const auto& finding : found)
    EXPECT_THAT(finding, damage(finding.where, none.uuid.text()));
}

TEST_F(VerifyMovesTest, NamesARequeueWhoseOtherDeliveryIsMissing) {
  const auto store = open_store();
  const auto delivery = take(*store, text(0)).front();
  const Uid none{ids_->mint(clock_->now())};
  append(*store, {.body = {},
                  .facts = {Requeued{delivery.uid, delivery.message, clock_->now(), "root", "x", none}},
                  .done = {}});
  store->stop();
  EXPECT_THAT(findings(),
              Contains(damage(where(records(1, RecordType::metadata).back().place), none.uuid.text())));
}

TEST_F(VerifyMovesTest, NamesEveryStateThatTheIndexHasWrong) {
  const auto store = open_store();
  (void)befallen(*store);
  store->stop();
  const auto index = folder_ / "store/index";
  fs::copy(index, folder_ / "sound", fs::copy_options::recursive);
  for (const auto* state : {"3", "4", "5", "6"}) {
    SCOPED_TRACE(state);
    run_sql(std::string("UPDATE deliveries SET state = 0 WHERE state = ") + state);
    EXPECT_THAT(findings(), Contains(damage("index", "its state")));
    fs::remove_all(index);
    fs::copy(folder_ / "sound", index, fs::copy_options::recursive);
  }
}

TEST_F(VerifyMovesTest, NamesFindingsThatTheIndexLacksOrThatAreAboutNothing) {
  const auto store = open_store();
  const auto message = take(*store, text(0)).front().message;
  const MessageId nobody{ids_->mint(clock_->now())};
  append(*store, {.body = {}, .facts = {Judged{message, clock_->now(), "guichet", "{}"}}, .done = {}});
  append(*store, {.body = {}, .facts = {Judged{nobody, clock_->now(), "guichet", "{}"}}, .done = {}});
  store->stop();
  const auto found = findings();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], damage(found[0].where, nobody.uuid.text()));
  run_sql("DELETE FROM verdicts");
  EXPECT_THAT(findings(), Contains(damage("index", "findings about message " + message.uuid.text())));
}

}  // namespace
}  // namespace guichet::store
