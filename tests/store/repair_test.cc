// A damaged volume gets its octets back from another copy, and from nothing that might be worse than it is.
#include "store/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sample_store.h"
#include "store/erasure.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RepairTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.fill(30);
    ASSERT_GE(store_.volumes(), 3u);
    for (std::uint32_t volume = 1; volume <= store_.volumes(); ++volume)
      sound_.push_back(octets_of(store_.path(volume)));
    fs::create_directories(copy_.path() / "volumes");
  }

  const std::string& sound(std::uint32_t volume) const { return sound_[volume - 1]; }
  void put_copy(std::uint32_t volume, const std::string& octets) {
    put_octets(volume_file(copy_.path(), volume), octets);
  }
  void put_segment(std::uint32_t volume, std::uint64_t begin, std::uint64_t end) {
    char name[64];
    std::snprintf(name, sizeof name, "%012llu-%012llu", static_cast<unsigned long long>(begin),
                  static_cast<unsigned long long>(end));
    const auto folder = copy_.path() / "backup" / "active" / volume_file("", volume).stem();
    fs::create_directories(folder);
    put_octets(folder / name, sound(volume).substr(begin, end - begin));
  }

  Result<void> restore(std::uint32_t volume) {
    const Archive archive(store_.disk(), store_.folder());
    return restore_volume(archive, volume, *source_);
  }
  // The error, and that nothing was touched.
  std::string refused(std::uint32_t volume) {
    const auto before = octets_of(store_.path(volume));
    const auto done = restore(volume);
    EXPECT_FALSE(done);
    EXPECT_EQ(octets_of(store_.path(volume)), before);
    EXPECT_THAT(beside(), IsEmpty());
    return done ? "" : done.error().text;
  }
  std::vector<std::string> beside() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store_.folder() / "volumes"))
      if (entry.path().extension() != ".warc") names.push_back(entry.path().filename());
    return names;
  }
  VerifyReport verified() {
    const Archive archive(store_.disk(), store_.folder());
    return *verify(archive, {});
  }
  RepairPlan plan() {
    const Archive archive(store_.disk(), store_.folder());
    return plan_repair(archive, verified());
  }
  ScannedRecord body(std::uint32_t volume, std::size_t number) {
    std::vector<ScannedRecord> found;
    for (const auto& record : store_.records(volume))
      if (record.header.type == RecordType::resource) found.push_back(record);
    return found.at(number);
  }

  SampleStore store_;
  TempFolder copy_;
  std::vector<std::string> sound_;
  const std::unique_ptr<VolumeSource> source_ = folder_source(store_.disk(), copy_.path());
};

TEST_F(RepairTest, TheDamagedVolumeIsReplacedAndKept) {
  store_.flip(2, body(2, 0).block_offset);
  const auto damaged = octets_of(store_.path(2));
  put_copy(2, sound(2));
  const auto done = restore(2);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(octets_of(store_.path(2)), sound(2));
  EXPECT_EQ(fs::status(store_.path(2)).permissions() & fs::perms::owner_write, fs::perms::none);
  EXPECT_THAT(beside(), ElementsAre("00000002.warc.damaged"));
  EXPECT_EQ(octets_of(store_.path(2).concat(".damaged")), damaged);
  EXPECT_FALSE(verified().damaged());
  EXPECT_THAT(fs::is_empty(store_.folder() / "scrub/fetched"), true);
}

TEST_F(RepairTest, AnEarlierDamagedOneStays) {
  put_copy(2, sound(2));
  for (int round = 0; round < 2; ++round) {
    store_.flip(2, body(2, 0).block_offset);
    ASSERT_TRUE(restore(2));
  }
  EXPECT_THAT(beside(), testing::UnorderedElementsAre("00000002.warc.damaged", "00000002.warc.damaged.2"));
}

TEST_F(RepairTest, AMissingVolumeComesBackWhenItsNeighboursProveIt) {
  put_copy(2, sound(2));
  fs::remove(store_.path(2));
  ASSERT_TRUE(restore(2));
  EXPECT_EQ(octets_of(store_.path(2)), sound(2));
  EXPECT_FALSE(verified().damaged());
}

TEST_F(RepairTest, AMissingLastVolumeIsProvenByTheOneBefore) {
  const auto last = store_.volumes();
  put_copy(last, sound(last));
  fs::remove(store_.path(last));
  ASSERT_TRUE(restore(last));
  EXPECT_EQ(octets_of(store_.path(last)), sound(last));
}

TEST_F(RepairTest, TheBeginningOfAVolumeIsJoinedWithTheRestThatIsHere) {
  store_.flip(2, body(2, 0).block_offset);
  const auto cut = store_.records(2).at(6).place.offset;
  put_segment(2, 0, 100);
  put_segment(2, 0, 500);  // those before were joined into this one
  put_segment(2, 500, cut);
  const auto done = restore(2);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(octets_of(store_.path(2)), sound(2));
}

TEST_F(RepairTest, TheBeginningAloneIsNotEnough) {
  store_.flip(2, store_.records(2).back().block_offset);
  put_segment(2, 0, store_.records(2).at(3).place.offset);
  EXPECT_THAT(refused(2), HasSubstr("nothing was changed"));
}

TEST_F(RepairTest, WhatWasErasedStaysErased) {
  const auto secret = new_mail(store_.clock(), store_.ids(), mail_text("secret"));
  const auto other = new_mail(store_.clock(), store_.ids(), mail_text("other"));
  auto store = store_.open();
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), secret)).get());
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), other)).get());
  store->stop();
  store.reset();
  const auto volume = store_.volumes();
  const auto before = octets_of(store_.path(volume));
  put_copy(volume, before);
  const auto block = body(volume, 0);
  store = store_.open();
  ASSERT_TRUE(erase(*store, {{secret.message}, store_.clock().now(), "test", "asked for"}));
  store->stop();
  store.reset();
  const auto erased = octets_of(store_.path(volume));
  ASSERT_NE(erased, before);
  ASSERT_FALSE(verified().damaged());

  store_.flip(volume, body(volume, 1).block_offset);
  auto done = restore(volume);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(octets_of(store_.path(volume)), erased);

  store_.flip(volume, block.block_offset);  // now nothing here tells that it was blank
  done = restore(volume);
  ASSERT_TRUE(done) << done.error().text;
  store_.open()->stop();
  EXPECT_EQ(octets_of(store_.path(volume)), erased);
  EXPECT_FALSE(verified().damaged());
}

// --- Copies that are refused -------------------------------------------------------------------------------

TEST_F(RepairTest, NoCopy) {
  store_.flip(2, body(2, 0).block_offset);
  EXPECT_THAT(refused(2), HasSubstr("neither"));
}

TEST_F(RepairTest, ACopyThatIsDamagedItself) {
  store_.flip(2, body(2, 0).block_offset);
  auto octets = sound(2);
  octets[body(2, 1).block_offset] ^= 1;
  put_copy(2, octets);
  EXPECT_THAT(refused(2), HasSubstr("is damaged at " + std::to_string(body(2, 1).place.offset)));
}

TEST_F(RepairTest, AVolumeOfAnotherStore) {
  SampleStore other(2);
  other.fill(30);
  store_.flip(2, body(2, 0).block_offset);
  put_copy(2, octets_of(other.path(2)));
  EXPECT_THAT(refused(2), HasSubstr("as 00000003.warc says of it"));
  store_.flip(store_.volumes(), body(store_.volumes(), 0).block_offset);
  put_copy(store_.volumes(), octets_of(other.path(store_.volumes())));
  EXPECT_THAT(refused(store_.volumes()), HasSubstr("is of another store"));
}

TEST_F(RepairTest, AnotherVolumeUnderThisName) {
  store_.flip(2, body(2, 0).block_offset);
  put_copy(2, sound(3));
  EXPECT_THAT(refused(2), HasSubstr("holds 00000003.warc under this name"));
}

TEST_F(RepairTest, ACopyOfTheLastVolumeThatLacksWhatIsSoundHere) {
  const auto last = store_.volumes();
  const auto records = store_.records(last);
  put_copy(last, sound(last).substr(0, records.at(records.size() - 2).place.offset));
  store_.change(last, [&](std::string& octets) {  // in the last record but one: so the rest cannot be taken
    octets[records.at(records.size() - 2).block_offset] ^= 1;
  });
  EXPECT_THAT(refused(last), HasSubstr("lacks the sound record that is here"));
}

TEST_F(RepairTest, AVolumeThatNothingHereProves) {
  while (store_.volumes() > 1)
    fs::remove(store_.path(store_.volumes()));
  fs::remove(store_.path(1));
  put_copy(1, sound(1));
  const auto done = restore(1);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("nothing sound is left here"));
}

// --- The plan ----------------------------------------------------------------------------------------------

TEST_F(RepairTest, NothingIsPlannedForASoundStore) {
  EXPECT_THAT(plan().remedies, IsEmpty());
  EXPECT_THAT(plan().volumes, IsEmpty());
}

TEST_F(RepairTest, APlanNamesTheVolumesAndChangesNothing) {
  store_.flip(1, body(1, 0).block_offset);
  fs::remove(store_.path(3));
  const auto before = octets_of(store_.path(1));
  EXPECT_THAT(plan().volumes, Contains(1u));
  EXPECT_THAT(plan().volumes, Contains(3u));
  EXPECT_EQ(octets_of(store_.path(1)), before);
  EXPECT_THAT(beside(), IsEmpty());
}

TEST_F(RepairTest, ABodyThatCameAgainInFullIsKnownToBeElsewhere) {
  const auto mail = new_mail(store_.clock(), store_.ids(), mail_text("precious"));
  auto store = store_.open();
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), mail)).get());
  store->stop();
  store.reset();
  const auto volume = store_.volumes();
  store_.flip(volume, body(volume, 0).block_offset);  // so that it is written in full when it comes again
  store = store_.open();
  const auto again = new_mail(store_.clock(), store_.ids(), mail_text("precious"));
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), again)).get());
  store->stop();
  const auto planned = plan();
  ASSERT_FALSE(planned.remedies.empty());
  EXPECT_THAT(planned.remedies.front().what, HasSubstr("are also in " + where(volume + 1)));
}

TEST_F(RepairTest, AnIndexIsMadeAnewFromTheVolumes) {
  const auto last = store_.records(store_.volumes()).back();
  store_.change(store_.volumes(), [&last](std::string& octets) { octets.resize(last.place.offset); });
  const auto planned = plan();
  EXPECT_THAT(planned.volumes, ElementsAre(store_.volumes()));  // whose end the index alone remembers
}

}  // namespace
}  // namespace guichet::store
