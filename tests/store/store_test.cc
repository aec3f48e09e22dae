// The store from outside, on a disk that can be made to fail, with its index beside it on a real one.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "store/scan.h"
#include "tests/store/small_volume.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : disk_(std::make_unique<ForgetfulDisk>(home_.path())) {
    options_.path = home_.path() / "store";
    options_.prepare_octets = 0;
    options_.commit_wait_us = 0;
  }

  Result<void> open() {
    auto opened = Store::open(options_, *disk_, clock_, ids_, alarms_.listener());
    if (!opened) return tl::unexpected(opened.error());
    store_ = std::move(*opened);
    return {};
  }
  void reopen() {
    store_.reset();
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text;
  }

  Mail mail(const std::string& text, std::vector<std::string> maildrops = {"foi"}) {
    return new_mail(clock_, ids_, mail_text(text), std::move(maildrops));
  }
  Result<void> take(const Mail& mail) {
    auto append = to_append(*store_, clock_, mail);
    if (!append) return tl::unexpected(append.error());
    return push(*store_, std::move(*append)).get();
  }
  Result<void> take(const std::string& text) { return take(mail(text)); }
  Result<void> hand_over_one(const Mail& mail) {
    return push(*store_, hand_over(clock_, {{mail.message, mail.uids[0]}})).get();
  }
  std::vector<Uid> waiting(const std::string& maildrop = "foi") {
    const auto rows = store_->waiting(maildrop, 0);
    EXPECT_TRUE(rows) << rows.error().text;
    std::vector<Uid> uids;
    if (rows)
      for (const auto& row : *rows)
        uids.push_back(row.uid);
    return uids;
  }
  std::size_t volumes() { return disk_->list(options_.path / "volumes")->size(); }
  fs::path index() const { return options_.path / "index"; }
  void copy_index(const fs::path& from, const fs::path& to) {
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive);
  }

  TempFolder home_;
  std::unique_ptr<ForgetfulDisk> disk_;
  StoreOptions options_;
  SteadyClock clock_;
  CountingIds ids_;
  Alarms alarms_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, WhatIsTakenWaitsUntilItIsHandedOver) {
  ASSERT_TRUE(open());
  const auto one = mail("one"), two = mail("two", {"foi", "other"});
  ASSERT_TRUE(take(one));
  ASSERT_TRUE(take(two));
  EXPECT_EQ(waiting(), (std::vector{one.uids[0], two.uids[0]}));
  EXPECT_EQ(waiting("other"), (std::vector{two.uids[1]}));
  ASSERT_TRUE(hand_over_one(one));
  EXPECT_EQ(waiting(), (std::vector{two.uids[0]}));
  reopen();
  EXPECT_EQ(waiting(), (std::vector{two.uids[0]}));
  EXPECT_TRUE(*store_->message(one.message));  // still in the archive
  EXPECT_TRUE(take("three"));
  EXPECT_THAT(waiting(), SizeIs(2));
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

TEST_F(StoreTest, AMessageWithoutItsDeliveryIsUndelivered) {
  ASSERT_TRUE(open());
  const auto one = mail("one");
  auto append = to_append(*store_, clock_, one);
  append->facts.resize(1);
  ASSERT_TRUE(push(*store_, std::move(*append)).get());
  ASSERT_THAT(*store_->undelivered(), SizeIs(1));
  EXPECT_THAT(waiting(), IsEmpty());
  Append delivery;
  delivery.facts.push_back(facts_of(one, clock_.now())[1]);
  ASSERT_TRUE(push(*store_, std::move(delivery)).get());
  EXPECT_THAT(*store_->undelivered(), IsEmpty());
  EXPECT_THAT(waiting(), SizeIs(1));
}

TEST_F(StoreTest, OneProcessOnly) {
  ASSERT_TRUE(open());
  const auto second = Store::open(options_, *disk_, clock_, ids_, alarms_.listener());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
}

TEST_F(StoreTest, AfterTheStopEverythingIsAnsweredAndNothingTaken) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(take("one"));
  store_->stop();
  store_->stop();
  const auto refused = take("two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::stopped);
  EXPECT_EQ(store_->memory().in_use(), 0u);
  // What was indexed may still be asked for, or refused; it must not crash.
  (void)store_->waiting("foi", 0);
  (void)store_->undelivered();
  (void)store_->rebuild_index();
  EXPECT_TRUE((*disk_->open_read(volume_file(options_.path, 1)))->is_read_only().value());
}

TEST_F(StoreTest, TheSpoolIsSweptAtStart) {
  ASSERT_TRUE(open());
  store_.reset();
  disk_->put(options_.path / "spool" / "left.part", "half a body");
  reopen();
  EXPECT_FALSE(disk_->content(options_.path / "spool" / "left.part"));
}

// --- A disk that fails or is full
// ------------------------------------------------------------------------------

TEST_F(StoreTest, AFailedSyncIsTheEndUntilARestart) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(take("one"));
  disk_->inject({.call = disk_->calls(), .kind = ErrorKind::io, .seed = 0, .what = "write_durably"});
  EXPECT_FALSE(take("two"));
  EXPECT_TRUE(store_->failed());
  for (int i = 0; i < 3; ++i) {
    const auto refused = take("three");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::stopped);
  }
  EXPECT_THAT(waiting(), SizeIs(1));  // what is durable is still handed out
  ASSERT_THAT(alarms_.heard(), SizeIs(1));
  EXPECT_THAT(alarms_.heard()[0], HasSubstr("failed to sync"));
  reopen();
  EXPECT_TRUE(take("four"));
}

// The kernel tells each open file once: the error must not end with the thread that only writes zeros.
TEST_F(StoreTest, AFailedSyncOfTheZerosIsNoticed) {
  options_.prepare_octets = 4096;
  disk_->inject({.call = 0, .kind = ErrorKind::io, .seed = 0, .what = "sync_data 00000001.warc"});
  ASSERT_TRUE(open());
  (void)take("one");
  while (!disk_->fault_happened())
    std::this_thread::yield();
  EXPECT_FALSE(take("two"));
  EXPECT_TRUE(store_->failed());
}

TEST_F(StoreTest, AFullDiskRefusesMailAndTakesHandOvers) {
  disk_->set_room(1'000'000);
  ASSERT_TRUE(open());
  const auto one = mail("one");
  ASSERT_TRUE(take(one));
  disk_->set_room(50'000);  // the reserve of this disk is 5 % of a mebibyte
  EXPECT_FALSE(store_->has_room(1));
  const auto refused = take("two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::no_space);
  EXPECT_TRUE(hand_over_one(one));
  disk_->set_room(200'000);
  EXPECT_TRUE(take("three"));
  EXPECT_THAT(waiting(), SizeIs(1));
  EXPECT_EQ(volumes(), 1u);
}

// A quota that statvfs does not show: every try fails in the middle.
TEST_F(StoreTest, AFullDiskThatDidNotSaySoIsGoneOnWithAndLeavesNoRubbish) {
  ASSERT_TRUE(open());
  const auto one = mail("one");
  ASSERT_TRUE(take(one));
  for (const std::uint64_t room : {300u, 900u, 1000u, 700u, 0u}) {
    disk_->set_room(room);
    const auto refused =
        push(*store_, hand_over(clock_, {{one.message, one.uids[0]}, {one.message, one.uids[0]}})).get();
    ASSERT_FALSE(refused) << room;
    EXPECT_EQ(refused.error().kind, ErrorKind::no_space) << room;
    EXPECT_FALSE(store_->failed());
  }
  EXPECT_EQ(volumes(), 1u);
  disk_->set_room(1'000'000);
  EXPECT_TRUE(take("two"));
  EXPECT_THAT(waiting(), SizeIs(2));
  EXPECT_EQ(volumes(), 2u);
  reopen();
  EXPECT_THAT(waiting(), SizeIs(2));
}

TEST_F(StoreTest, AVolumeIsSealedByAgeToo) {
  options_.volume_age_max_s = 60;
  ASSERT_TRUE(open());
  EXPECT_TRUE(take("one"));
  EXPECT_TRUE(take("two"));
  EXPECT_EQ(volumes(), 1u);
  for (int ms = 0; ms < 60'000; ++ms)
    (void)clock_.now();
  EXPECT_TRUE(take("three"));  // seals it
  EXPECT_TRUE(take("four"));
  EXPECT_EQ(volumes(), 2u);
}

TEST_F(StoreTest, AVolumeThatCannotBeCutIsTriedAgain) {
  options_.volume_octets_max = 1;
  ASSERT_TRUE(open());
  disk_->inject({.call = 0, .kind = ErrorKind::no_space, .seed = 0, .what = "truncate"});
  EXPECT_TRUE(take("one"));
  EXPECT_TRUE(take("two"));
  EXPECT_FALSE(store_->failed());
  EXPECT_EQ(volumes(), 2u);
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("could not be sealed")));
}

TEST_F(StoreTest, NoDescriptorsForANewVolume) {
  ASSERT_TRUE(open());
  for (const std::string what : {"create", "sync_folder"}) {
    disk_->inject({.call = disk_->calls(), .kind = ErrorKind::no_files, .seed = 0, .what = what});
    const auto refused = take("one");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::no_files);
    EXPECT_FALSE(store_->failed());
  }
  EXPECT_TRUE(take("two"));
}

// --- Duplicates --------------------------------------------------------------------------------------------

TEST_F(StoreTest, TheSameOctetsAreKeptOnceAlsoAcrossARestart) {
  ASSERT_TRUE(open());
  const auto text = std::string(50'000, 'd');
  ASSERT_TRUE(take(text));
  ASSERT_TRUE(take(text));
  reopen();
  ASSERT_TRUE(take(text));
  store_.reset();
  const auto first = disk_->content(volume_file(options_.path, 1)).value();
  const auto second = disk_->content(volume_file(options_.path, 2)).value();
  EXPECT_LT(first.size(), 60'000u);
  EXPECT_LT(second.size(), 10'000u);
}

TEST_F(StoreTest, ADamagedEarlierBodyIsNotReferredToAndTheNewOneServesBoth) {
  ASSERT_TRUE(open());
  const std::string text(50'000, 'd');
  ASSERT_TRUE(take(text));
  store_.reset();
  auto octets = disk_->content(volume_file(options_.path, 1)).value();
  octets[octets.find("ddd") + 1000] = 'D';
  disk_->put(volume_file(options_.path, 1), octets, true);
  reopen();
  ASSERT_TRUE(take(text));
  reopen();
  EXPECT_GT(disk_->content(volume_file(options_.path, 2)).value().size(), text.size());
  ASSERT_TRUE(take(text));

  std::string kept = mail_text(text);
  const auto place = store_->body(sha256(kept));
  ASSERT_TRUE(place && *place);
  std::fill(kept.begin(), kept.end(), ' ');
  ASSERT_TRUE(store_->archive().read(**place, 0, kept));
  EXPECT_EQ(kept, mail_text(text));
  EXPECT_THAT(waiting(), SizeIs(3));
  store_.reset();
  EXPECT_LT(disk_->content(volume_file(options_.path, 3)).value().size(), 10'000u);
}

// --- The index ---------------------------------------------------------------------------------------------

class StoreIndexTest : public StoreTest {
 protected:
  // Ten mails, three handed over; a copy of the index after five of them.
  void fill() {
    ASSERT_TRUE(open());
    for (int i = 0; i < 10; ++i) {
      if (i == 5) {
        reopen();
        store_.reset();
        copy_index(index(), home_.path() / "older");
        ASSERT_TRUE(open());
      }
      mails_.push_back(mail("mail " + std::to_string(i)));
      ASSERT_TRUE(take(mails_.back()));
    }
    for (const auto i : {0u, 4u, 7u})
      ASSERT_TRUE(hand_over_one(mails_[i]));
    expected_ = waiting();
    counts_ = *store_->rebuild_index();
    store_.reset();
    copy_index(index(), home_.path() / "newest");
  }
  // One mail, in a store that stays open.
  void keep_one() {
    ASSERT_TRUE(open());
    mails_.push_back(mail("kept"));
    ASSERT_TRUE(take(mails_[0]));
    expected_ = waiting();
    counts_ = *store_->rebuild_index();
  }
  void expect_all() {
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_EQ(waiting(), expected_);
    for (const auto& mail : mails_)
      EXPECT_TRUE(*store_->message(mail.message));
    EXPECT_EQ(*store_->rebuild_index(), counts_);
    EXPECT_EQ(waiting(), expected_);
    EXPECT_TRUE(take("one more"));
    EXPECT_THAT(waiting(), SizeIs(expected_.size() + 1));
  }

  std::vector<Mail> mails_;
  std::vector<Uid> expected_;
  IndexCounts counts_;
};

TEST_F(StoreIndexTest, Deleted) {
  fill();
  fs::remove_all(index());
  expect_all();
}

TEST_F(StoreIndexTest, Older) {
  fill();
  copy_index(home_.path() / "older", index());
  expect_all();
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

TEST_F(StoreIndexTest, Garbage) {
  fill();
  std::ofstream(index() / "index.sqlite", std::ios::trunc) << "this is no index";
  expect_all();
}

TEST_F(StoreIndexTest, DamagedInside) {
  fill();
  const auto size = fs::file_size(index() / "index.sqlite");
  for (const std::uint64_t at : {size / 3, size / 2, size - 4000}) {
    store_.reset();
    copy_index(home_.path() / "newest", index());
    std::fstream file(index() / "index.sqlite", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(3000, '\xff');
    file.close();
    // Wherever the damage shows, the store opens or says what is the matter; nothing crashes.
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text;
    (void)store_->waiting("foi", 0);
    EXPECT_TRUE(take("still taken"));
  }
}

TEST_F(StoreIndexTest, OfOtherVolumes) {
  fill();
  StoreTest::store_.reset();
  // Another store at the same place, with an index that looks just as good.
  auto other = std::make_unique<ForgetfulDisk>(home_.path());
  std::swap(disk_, other);
  fs::remove_all(index());
  ASSERT_TRUE(open());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(take("another " + std::to_string(i)));
  store_.reset();
  std::swap(disk_, other);
  expect_all();
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("it is rebuilt")));
}

// The volumes were restored from an earlier copy, or lost their tail; the index was not.
TEST_F(StoreIndexTest, AheadOfTheVolumes) {
  keep_one();
  const auto earlier = disk_->power_cut(0, Cut::nothing_unsynced);
  ASSERT_TRUE(take("lost with the tail"));
  ASSERT_THAT(waiting(), SizeIs(2));
  store_.reset();
  disk_->put(volume_file(options_.path, 1), earlier->content(volume_file(options_.path, 1)).value());
  expect_all();
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("it is rebuilt")));
}

// A volume of which nothing was left is discarded and its number given again, while the index ends in it.
TEST_F(StoreIndexTest, EndsInAVolumeWhoseNumberWasGivenAgain) {
  keep_one();
  reopen();
  ASSERT_TRUE(take("in volume 2, lost"));
  ASSERT_THAT(waiting(), SizeIs(2));
  store_.reset();
  copy_index(index(), home_.path() / "ahead");
  disk_->put(volume_file(options_.path, 2), std::string(100, '\0'));
  ASSERT_TRUE(open());
  const auto second = mail("in volume 2, now");
  ASSERT_TRUE(take(second));
  store_.reset();
  copy_index(home_.path() / "ahead", index());
  ASSERT_TRUE(open());
  EXPECT_EQ(waiting(), (std::vector{mails_[0].uids[0], second.uids[0]}));
}

TEST_F(StoreIndexTest, ARebuildThatFailsChangesNothingAndCanBeRepeated) {
  fill();
  ASSERT_TRUE(open());
  disk_->inject({.call = disk_->calls(), .kind = ErrorKind::io, .seed = 0, .what = "read"});
  EXPECT_FALSE(store_->rebuild_index());
  ASSERT_TRUE(disk_->fault_happened());
  EXPECT_EQ(waiting(), expected_);
  ASSERT_TRUE(take("after"));
  EXPECT_THAT(waiting(), SizeIs(expected_.size() + 1));
  EXPECT_TRUE(store_->rebuild_index());
  EXPECT_THAT(waiting(), SizeIs(expected_.size() + 1));
}

// One record that nobody can understand must not keep all others from being listed.
TEST_F(StoreIndexTest, AFactThatIsNoneIsSteppedOver) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(take("before"));
  store_.reset();
  auto octets = disk_->content(volume_file(options_.path, 1)).value();
  const auto last = scan_octets(octets).records.back().header;
  RecordHeader header = last;
  const std::string block = "{ no fact";
  header.record_id = ids_.mint(clock_.now());
  header.content_length = block.size();
  header.block_digest = sha256(block);
  header.batch += 1;
  header.batch_index = 0;
  header.batch_count = 1;
  header.offset = octets.size();
  octets += encode_header(header, last.chain) + block + std::string(record_end);
  disk_->put(volume_file(options_.path, 1), octets, true);
  ASSERT_TRUE(open());
  EXPECT_THAT(waiting(), SizeIs(1));
  EXPECT_TRUE(take("after"));
  EXPECT_THAT(waiting(), SizeIs(2));
  EXPECT_THAT(alarms_.heard(), Contains(HasSubstr("not in the index")));
}

// Damage at the very end must not make every start rebuild the index.
TEST_F(StoreIndexTest, DamageAtTheEndIsNoReasonToRebuildEachTime) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(take("one"));
  ASSERT_TRUE(take("two"));
  store_.reset();
  auto octets = disk_->content(volume_file(options_.path, 1)).value();
  octets[octets.size() - 20] = 'X';
  disk_->put(volume_file(options_.path, 1), octets, true);
  fs::remove_all(index());
  reopen();
  reopen();
  for (const auto& alarm : alarms_.heard())
    EXPECT_THAT(alarm, testing::Not(HasSubstr("rebuilt")));
}

}  // namespace
}  // namespace guichet::store
