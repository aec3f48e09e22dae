// What a start makes of the last volume, whatever a crash or a bad disk left of it.
#include "store/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/verify.h"
#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() {
    volume_.add_batch({mail_text("one")});
    volume_.add_batch({mail_text("two")});
    volume_.add_batch({mail_text("three"), mail_text("four")});
    octets_ = volume_.octets();
    sound_ = scan_octets(octets_);
  }

  // `octets` as the last volume of a store that starts.
  Result<Tip> recover(std::string octets, bool sealed = false, std::uint32_t number = 1) {
    disk_ = std::make_unique<ForgetfulDisk>("/store/volumes");
    disk_->put(volume_file("/store", number), std::move(octets), sealed);
    return again();
  }
  Result<Tip> again() {
    alarms_ = std::make_unique<Alarms>();
    return seal_last_volume(Archive(*disk_, "/store"), alarms_->listener());
  }

  std::optional<std::string> content(const std::string& name) {
    return disk_->content(std::filesystem::path("/store/volumes") / name);
  }
  std::uint64_t begin_of_batch(std::uint64_t batch) const {
    for (const auto& record : sound_.records)
      if (record.header.batch == batch) return record.place.offset;
    return octets_.size();
  }
  Digest chain_before(std::uint64_t offset) const {
    Digest chain;
    for (const auto& record : sound_.records)
      if (record.end <= offset) chain = record.header.chain;
    return chain;
  }

  SmallVolume volume_;
  std::string octets_;
  Scanned sound_;
  std::unique_ptr<ForgetfulDisk> disk_;
  std::unique_ptr<Alarms> alarms_;
};

TEST_F(RecoveryTest, AnEmptyStore) {
  disk_ = std::make_unique<ForgetfulDisk>("/store/volumes");
  const auto tip = again();
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->volume, 0u);
}

TEST_F(RecoveryTest, AWholeVolumeIsSealed) {
  const auto tip = recover(octets_ + std::string(10'000, '\0'));
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->volume, 1u);
  EXPECT_EQ(tip->length, octets_.size());
  EXPECT_EQ(tip->chain, sound_.result.chain);
  EXPECT_EQ(content("00000001.warc"), octets_);
  EXPECT_FALSE(content("00000001.warc.torn"));
  EXPECT_THAT(alarms_->heard(), IsEmpty());
  EXPECT_TRUE((*disk_->open_read(volume_file("/store", 1)))->is_read_only().value());
  EXPECT_FALSE(
      disk_->open_write(volume_file("/store", 1)));  // as an ordinary user finds it at the next start
  EXPECT_EQ(again()->length, octets_.size());
}

TEST_F(RecoveryTest, ATornLastBatchIsCutAsOneAndKept) {
  const auto begin = begin_of_batch(3);
  for (auto size = begin + 1; size < octets_.size(); size += 37) {
    const auto tip = recover(octets_.substr(0, size));
    ASSERT_TRUE(tip) << tip.error().text;
    EXPECT_EQ(tip->length, begin);
    EXPECT_EQ(tip->chain, chain_before(begin));
    EXPECT_EQ(content("00000001.warc"), octets_.substr(0, begin)) << size;
    auto kept = octets_.substr(begin, size - begin);
    EXPECT_EQ(content("00000001.warc.torn"), kept) << size;
    ASSERT_EQ(alarms_->heard().size(), 1u);
    EXPECT_THAT(alarms_->heard()[0], HasSubstr("never acknowledged"));
  }
}

TEST_F(RecoveryTest, AnyLostSectorOfTheLastBatchCutsIt) {
  const auto begin = begin_of_batch(3);
  for (auto at = begin; at < octets_.size(); at += 128) {
    auto damaged = octets_ + std::string(1000, '\0');
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(at),
                std::min<std::size_t>(128, octets_.size() - at), '\0');
    const auto tip = recover(damaged);
    ASSERT_TRUE(tip);
    EXPECT_EQ(tip->length, begin) << at;
  }
}

TEST_F(RecoveryTest, DamageInAnEarlierBatchIsKeptAndTold) {
  for (auto at = begin_of_batch(1); at < begin_of_batch(3); at += 53) {
    auto damaged = octets_;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    const auto tip = recover(damaged);
    ASSERT_TRUE(tip);
    EXPECT_EQ(tip->length, octets_.size()) << at;
    EXPECT_EQ(content("00000001.warc"), damaged);
    EXPECT_FALSE(content("00000001.warc.torn"));
    ASSERT_FALSE(alarms_->heard().empty()) << at;
    EXPECT_THAT(alarms_->heard()[0], HasSubstr("damage in the archive"));
  }
}

TEST_F(RecoveryTest, DamageBeforeATornTail) {
  auto damaged = octets_.substr(0, octets_.size() - 100);
  const auto at = begin_of_batch(1) + 5;
  damaged[at] = 'x';
  const auto tip = recover(damaged);
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->length, begin_of_batch(3));
  EXPECT_EQ(content("00000001.warc"), damaged.substr(0, begin_of_batch(3)));
  EXPECT_EQ(alarms_->heard().size(), 2u);
}

// One flipped bit in a batch number must not make all that follows a torn tail.
TEST_F(RecoveryTest, ABatchNumberThatLiesCutsNothing) {
  auto damaged = octets_;
  const auto at = damaged.find("Guichet-Batch: 1/") + 15;
  damaged[at] = '9';
  const auto tip = recover(damaged);
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->length, octets_.size());
}

TEST_F(RecoveryTest, ASealedVolumeIsNeverCut) {
  for (const auto& octets : {octets_.substr(0, octets_.size() - 10), octets_ + "tail", octets_}) {
    const auto tip = recover(octets, true);
    ASSERT_TRUE(tip);
    EXPECT_EQ(content("00000001.warc"), octets);
    EXPECT_FALSE(content("00000001.warc.torn"));
  }
}

TEST_F(RecoveryTest, AVolumeWithoutAWholeRecordGoes) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300}, begin_of_batch(1) - 1}) {
    disk_ = std::make_unique<ForgetfulDisk>("/store/volumes");
    disk_->put(volume_file("/store", 1), octets_, true);
    disk_->put(volume_file("/store", 2), octets_.substr(0, size) + std::string(100, '\0'));
    const auto tip = again();
    ASSERT_TRUE(tip);
    EXPECT_EQ(tip->volume, 1u);
    EXPECT_EQ(tip->length, octets_.size());
    EXPECT_FALSE(content("00000002.warc"));
    EXPECT_EQ(content("00000002.warc.torn").has_value(), size > 0);
  }
}

TEST_F(RecoveryTest, SeveralVolumesWithoutAWholeRecordGo) {
  disk_ = std::make_unique<ForgetfulDisk>("/store/volumes");
  for (const std::uint32_t number : {1u, 2u, 3u})
    disk_->put(volume_file("/store", number), std::string(10, '\0'));
  const auto tip = again();
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->volume, 0u);
  EXPECT_THAT(*disk_->list("/store/volumes"), IsEmpty());
}

TEST_F(RecoveryTest, AVolumeOfALaterFormatIsRefusedUntouched) {
  BatchPosition position{.end = {1, 0}, .chain = {}, .warcinfo_id = {}, .batch = 0};
  VolumeInfo info;
  info.format = 2;
  const auto octets = encode_warcinfo(position, encode_volume_info(info, 1), Instant{}) + "whatever";
  const auto tip = recover(octets);
  ASSERT_FALSE(tip);
  EXPECT_EQ(tip.error().kind, ErrorKind::foreign);
  EXPECT_EQ(content("00000001.warc"), octets);
}

// What a start keeps must be on the disk, also when a failed sync has left it in the cache only.
TEST_F(RecoveryTest, WhatAFailedSyncDroppedIsWrittenAgain) {
  disk_ = std::make_unique<ForgetfulDisk>("/store/volumes");
  const auto begin = begin_of_batch(3);
  disk_->put(volume_file("/store", 1), octets_.substr(0, begin));
  auto file = std::move(*disk_->open_write(volume_file("/store", 1)));
  const iovec piece{octets_.data() + begin, octets_.size() - begin};
  ASSERT_TRUE(file->write_at({&piece, 1}, begin));
  disk_->inject({.call = disk_->calls(), .kind = ErrorKind::io});
  ASSERT_FALSE(file->sync_data());
  ASSERT_EQ(again()->length, octets_.size());
  disk_ = disk_->power_cut(0, Cut::nothing_unsynced);
  EXPECT_EQ(content("00000001.warc"), octets_);
}

// --- Folders
// ------------------------------------------------------------------------------------------------

TEST(StoreFolder, AnEmptyFolderBecomesAStoreThatSurvives) {
  ForgetfulDisk disk("/mnt");
  ASSERT_TRUE(make_folder(disk, "/mnt/a/store"));
  ASSERT_TRUE(prepare_folder(disk, "/mnt/a/store"));
  const auto found = disk.power_cut(0, Cut::nothing_unsynced);
  EXPECT_EQ(found->content("/mnt/a/store/format"), "guichet-store 1\n");
  EXPECT_TRUE(found->list("/mnt/a/store/volumes"));
  EXPECT_TRUE(check_folder(*found, "/mnt/a/store"));
  EXPECT_TRUE(prepare_folder(*found, "/mnt/a/store"));
}

TEST(StoreFolder, ARootOfAFileSystemIsEmpty) {
  ForgetfulDisk disk("/mnt");
  disk.put("/mnt/lost+found/x", "");
  EXPECT_TRUE(make_folder(disk, "/mnt"));
  EXPECT_TRUE(prepare_folder(disk, "/mnt"));
}

void expect_refused_untouched(ForgetfulDisk& disk, const std::string& why) {
  const auto before = disk.list("/home").value();
  const auto steps = disk.steps();
  SteadyClock clock;
  CountingIds ids;
  const auto opened = Store::open({.path = "/home"}, disk, clock, ids, [](const std::string&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::foreign);
  EXPECT_THAT(opened.error().text, HasSubstr(why));
  EXPECT_EQ(disk.list("/home").value(), before);
  EXPECT_EQ(disk.steps(), steps);
}

TEST(StoreFolder, AFolderThatIsNoStoreIsRefusedUntouched) {
  ForgetfulDisk disk("/home");
  disk.put("/home/thesis.txt", "important");
  expect_refused_untouched(disk, "thesis.txt");
}

TEST(StoreFolder, ALaterFormatIsRefusedUntouched) {
  ForgetfulDisk disk("/home");
  disk.put("/home/format", "guichet-store 2\n");
  expect_refused_untouched(disk, "guichet-store 2");
}

}  // namespace
}  // namespace guichet::store
