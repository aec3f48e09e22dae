// History of another store, brought in beside a store's own volumes.
#include "store/lineage.h"
#include "store/erasure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/restore.h"
#include "store/verify.h"
#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Lineage, NumbersTellIt) {
  EXPECT_TRUE(is_own(1));
  EXPECT_TRUE(is_own(999'999));
  EXPECT_FALSE(is_own(1'000'001));
  EXPECT_EQ(lineage_of(3'000'042), 3u);
  EXPECT_EQ(number_in_lineage(3'000'042), 42u);
}

TEST(Lineage, HistoryIsEarlierThanWhatIsOwn) {
  EXPECT_TRUE(is_earlier({1'000'001, 5}, {1, 0}));
  EXPECT_FALSE(is_earlier({1, 0}, {1'000'001, 5}));
  EXPECT_TRUE(is_earlier({1, 0}, {1, 1}));
  EXPECT_TRUE(is_earlier({1'000'002, 0}, {2'000'001, 0}));
  EXPECT_FALSE(is_earlier({1, 1}, {1, 1}));
}

// Two sealed volumes of history, one after the other.
struct History {
  History() {
    SmallVolume first;
    first.add_batch({mail_text("one"), mail_text("two")});
    const auto tip = first.seal();
    one = first.octets();
    SmallVolume second(2, tip);
    second.add_batch({mail_text("three")});
    (void)second.seal();
    two = second.octets();
  }
  std::string one, two;
};

class LineageTest : public ::testing::Test {
 protected:
  LineageTest() {
    for (const auto* folder : {"/store/volumes", "/store/merging/volumes"})
      EXPECT_TRUE(disk_.make_folder(folder));
    EXPECT_TRUE(disk_.sync_folder("/store"));
    EXPECT_TRUE(disk_.sync_folder("/store/merging"));
  }
  static void give(ForgetfulDisk& disk, const History& history) {
    disk.put(volume_file("/store/merging", 1), history.one, true);
    disk.put(volume_file("/store/merging", 2), history.two, true);
  }
  static std::vector<std::uint32_t> numbers(Disk& disk) {
    std::vector<std::uint32_t> found;
    const auto volumes = Archive(disk, "/store").all_volumes();
    for (const auto& volume : *volumes)
      found.push_back(volume.number);
    return found;
  }

  ForgetfulDisk disk_{"/store"};
  History history_;
};

TEST_F(LineageTest, ComesInUnderNumbersOfItsOwn) {
  give(disk_, history_);
  disk_.put(volume_file("/store", 1), "WARC/1.1\r\n");  // being written: nobody looks into it
  const auto refused = bring_in(disk_, "/store/merging", "/store");
  ASSERT_FALSE(refused);  // but its first record has to be whole
  ASSERT_TRUE(disk_.remove(volume_file("/store", 1)));
  const auto brought = bring_in(disk_, "/store/merging", "/store");
  ASSERT_TRUE(brought) << brought.error().text;
  EXPECT_EQ(brought->volumes, 2u);
  EXPECT_EQ(brought->there, 0u);
  EXPECT_EQ(brought->octets, history_.one.size() + history_.two.size());
  EXPECT_THAT(numbers(disk_), ElementsAre(1'000'001, 1'000'002));
  EXPECT_EQ(disk_.content(volume_file("/store", 1'000'002)), history_.two);
  const auto report = verify(Archive(disk_, "/store"), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->volumes, 2u);
  for (const auto& finding : report->findings)
    EXPECT_EQ(finding.what.find("missing"), std::string::npos) << finding.where << ": " << finding.what;
}

TEST_F(LineageTest, TwiceIsOnce) {
  give(disk_, history_);
  ASSERT_TRUE(bring_in(disk_, "/store/merging", "/store"));
  give(disk_, history_);
  const auto again = bring_in(disk_, "/store/merging", "/store");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->volumes, 0u);
  EXPECT_EQ(again->there, 2u);
  EXPECT_THAT(numbers(disk_), ElementsAre(1'000'001, 1'000'002));
}

TEST_F(LineageTest, ACopyOfTheStoreItselfIsRefused) {
  disk_.put(volume_file("/store", 1), history_.one, true);
  give(disk_, history_);
  const auto refused = bring_in(disk_, "/store/merging", "/store");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::foreign);
  EXPECT_THAT(refused.error().text, HasSubstr("copy of the store itself"));
  EXPECT_THAT(numbers(disk_), ElementsAre(1));
}

TEST_F(LineageTest, ALongerSecondCopyIsRefused) {
  disk_.put(volume_file("/store", 1'000'001), history_.one.substr(0, history_.one.size() - 100), true);
  give(disk_, history_);
  const auto refused = bring_in(disk_, "/store/merging", "/store");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("cannot be added"));
  EXPECT_THAT(numbers(disk_), ElementsAre(1'000'001));
}

// Whatever is left when the power goes: done again, each volume is there once, whole, in one lineage.
TEST_F(LineageTest, ThePowerMayGoAtAnyStep) {
  give(disk_, history_);
  std::size_t cuts = 0;
  for (std::uint64_t step = 0; step < 1000; ++step) {
    const auto disk = disk_.power_cut(0, Cut::everything);
    disk->cut_power_at(disk->steps() + step);
    if (bring_in(*disk, "/store/merging", "/store")) break;
    for (const auto mode : {Cut::nothing_unsynced, Cut::everything, Cut::sectors})
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const auto found = disk->power_cut(seed, mode);
        for (const auto number : {1'000'001u, 1'000'002u}) {
          const auto octets = found->content(volume_file("/store", number));
          ASSERT_TRUE(!octets || *octets == (number == 1'000'001 ? history_.one : history_.two));
        }
        give(*found, history_);  // the repository still has it
        ASSERT_TRUE(bring_in(*found, "/store/merging", "/store")) << "step " << step;
        EXPECT_THAT(numbers(*found), ElementsAre(1'000'001, 1'000'002)) << "step " << step;
        ++cuts;
      }
  }
  EXPECT_GT(cuts, 80u);
}

// --- The index and the writer ----------------------------------------------------------------------------

// Real files: the index is SQLite.
class MergedStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open(const fs::path& path, IdSource& ids) {
    auto opened = Store::open({.path = path, .prepare_octets = 0, .reserve_percent = 0}, *disk_, clock_, ids,
                              alarms_.listener());
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }
  Mail take(Store& store, IdSource& ids, const std::string& text) {
    auto mail = new_mail(clock_, ids, mail_text(text));
    EXPECT_TRUE(push(store, *to_append(store, clock_, mail)).get());
    return mail;
  }
  void make_history(const std::vector<std::string>& texts) {
    {
      const auto store = open(folder_.path() / "old", old_ids_);
      for (const auto& text : texts)
        history_.push_back(take(*store, old_ids_, text));
    }
    fs::create_directories(folder_.path() / "new" / "merging");
    fs::rename(folder_.path() / "old" / "volumes", folder_.path() / "new" / "merging" / "volumes");
  }
  void bring() {
    const auto brought = bring_in(*disk_, folder_.path() / "new" / "merging", folder_.path() / "new");
    ASSERT_TRUE(brought) << brought.error().text;
  }
  static std::size_t waiting(Store& store) { return store.waiting("foi", 0).value().size(); }
  void expect_sound() {
    const auto report = verify(Archive(*disk_, folder_.path() / "new"), {});
    ASSERT_TRUE(report) << report.error().text;
    for (const auto& finding : report->findings)
      ADD_FAILURE() << finding.where << ": " << finding.what;
  }

  TempFolder folder_;
  std::unique_ptr<Disk> disk_ = real_disk();
  SteadyClock clock_;
  CountingIds old_ids_{1}, new_ids_{2};
  Alarms alarms_;
  std::vector<Mail> history_;
};

TEST_F(MergedStoreTest, AStoreThatReceivesTakesHistoryIn) {
  auto store = open(folder_.path() / "new", new_ids_);
  take(*store, new_ids_, "new");
  make_history({"old 1", "old 2"});
  bring();
  EXPECT_EQ(waiting(*store), 1u);
  EXPECT_EQ(store->take_in_merged().value(), 0u);
  EXPECT_EQ(waiting(*store), 3u);
  EXPECT_EQ(store->take_in_merged().value(), 0u);
  take(*store, new_ids_, "newer");
  EXPECT_EQ(waiting(*store), 4u);
  EXPECT_TRUE(push(*store, hand_over(clock_, {{history_[0].message, history_[0].uids[0]}})).get());
  EXPECT_EQ(waiting(*store), 3u);
  const auto counts = store->rebuild_index();
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->messages, 4u);
  EXPECT_EQ(counts->waiting, 3u);
  store.reset();
  expect_sound();
  // The next start goes on with its own volumes, and never with history's.
  store = open(folder_.path() / "new", new_ids_);
  take(*store, new_ids_, "newest");
  EXPECT_EQ(waiting(*store), 4u);
  store.reset();
  expect_sound();
  EXPECT_EQ(Archive(*disk_, folder_.path() / "new").volumes().value().back().number, 2u);
  EXPECT_THAT(alarms_.heard(), ElementsAre());
}

TEST_F(MergedStoreTest, AStartTakesInWhatAnInterruptedMergeLeft) {
  auto store = open(folder_.path() / "new", new_ids_);
  make_history({"old 1", "old 2"});
  bring();
  store.reset();
  store = open(folder_.path() / "new", new_ids_);
  EXPECT_EQ(waiting(*store), 2u);
  store.reset();
  expect_sound();
}

// In whichever order they come to the index, the copy that was written here is the one that counts.
TEST_F(MergedStoreTest, OfTheSameOctetsTheOwnOnesCount) {
  auto store = open(folder_.path() / "new", new_ids_);
  const auto own = take(*store, new_ids_, "the same");
  make_history({"the same", "another"});
  bring();
  ASSERT_TRUE(store->take_in_merged());
  EXPECT_TRUE(is_own(store->body(own.digest()).value()->volume));
  const auto again = take(*store, new_ids_, "another");
  EXPECT_EQ(waiting(*store), 4u);
  ASSERT_TRUE(store->rebuild_index());
  EXPECT_TRUE(is_own(store->body(own.digest()).value()->volume));
  store.reset();
  expect_sound();
}

// The erasure is written here, the blank octets stand there: an index that is made anew must not know them.
TEST_F(MergedStoreTest, WhatIsErasedOfHistoryStaysErasedWhenTheIndexIsMadeAnew) {
  auto store = open(folder_.path() / "new", new_ids_);
  make_history({"old 1", "old 2"});
  bring();
  ASSERT_TRUE(store->take_in_merged());
  fs::remove_all(folder_.path() / "new/merging");  // restore --merge has come to its end
  const auto& gone = history_[0];
  ASSERT_TRUE(erase(*store, {.messages = {gone.message},
                             .at = clock_.now(),
                             .by = "tester",
                             .reason = "asked for",
                             .still = nullptr}));
  ASSERT_TRUE(store->rebuild_index());
  EXPECT_FALSE(store->body(gone.digest()).value());
  store.reset();
  expect_sound();
  fs::remove_all(folder_.path() / "new/index");
  store = open(folder_.path() / "new", new_ids_);
  EXPECT_FALSE(store->body(gone.digest()).value()) << "filled again at a start";
  EXPECT_EQ(waiting(*store), 1u);
  store.reset();
  expect_sound();
}

TEST_F(MergedStoreTest, AnIndexOfHistoryThatIsGoneIsRebuilt) {
  auto store = open(folder_.path() / "new", new_ids_);
  take(*store, new_ids_, "new");
  make_history({"old 1"});
  bring();
  ASSERT_TRUE(store->take_in_merged());
  store.reset();
  fs::remove(volume_file(folder_.path() / "new", 1'000'001));
  store = open(folder_.path() / "new", new_ids_);
  EXPECT_EQ(waiting(*store), 1u);
  store.reset();
  expect_sound();
}

}  // namespace
}  // namespace guichet::store
