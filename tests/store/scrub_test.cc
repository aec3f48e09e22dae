// What has been verified is remembered, and what has not is found: in parts, after an interruption, a volume
// at a time.
#include "store/scrub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "forgetful_disk.h"
#include "sample_store.h"
#include "store/erasure.h"
#include "store/lineage.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto damage(const std::string& where, const std::string& what) {
  return AllOf(Field("kind", &Finding::kind, FindingKind::damage), Field("where", &Finding::where, where),
               Field("what", &Finding::what, HasSubstr(what)));
}
auto any_damage() {
  return Field("kind", &Finding::kind, FindingKind::damage);
}

class ScrubTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.fill(30);
    ASSERT_GE(store_.volumes(), 3u);
  }

  Result<VerifyReport> run(Extent extent, ScrubOptions options = {}) {
    const Archive archive(store_.disk(), store_.folder());
    options.alarm = [](const std::string& text) { ADD_FAILURE() << text; };
    return verify_and_keep(archive, store_.clock(), extent, options);
  }
  VerifyReport verified(Extent extent) {
    auto report = run(extent);
    EXPECT_TRUE(report) << report.error().text;
    return report ? *report : VerifyReport{};
  }
  VerifyReport scrubbed(std::uint32_t volume) {
    const Archive archive(store_.disk(), store_.folder());
    auto report = scrub_volume(archive, store_.clock(), volume, {});
    EXPECT_TRUE(report) << report.error().text;
    return report ? *report : VerifyReport{};
  }
  ScrubState state() { return read_scrub_state(store_.disk(), store_.folder()); }
  std::optional<std::uint32_t> due(std::int64_t interval_us) {
    const Archive archive(store_.disk(), store_.folder());
    return due_volume(*archive.volumes(), state(), store_.clock().now(), interval_us);
  }

  std::uint64_t octets(std::uint32_t first, std::uint32_t last) {
    std::uint64_t sum = 0;
    for (auto volume = first; volume <= last; ++volume)
      sum += fs::file_size(store_.path(volume));
    return sum;
  }
  ScannedRecord first_body(std::uint32_t volume) {
    for (const auto& record : store_.records(volume))
      if (record.header.type == RecordType::resource) return record;
    return {};
  }

  SampleStore store_;
};

// --- What is remembered ------------------------------------------------------------------------------------

TEST_F(ScrubTest, AWholeVerifyRemembersEachVolume) {
  EXPECT_THAT(verified(Extent::all).findings, IsEmpty());
  const auto known = state();
  ASSERT_EQ(known.volumes.size(), store_.volumes());
  for (const auto& [number, volume] : known.volumes) {
    EXPECT_TRUE(volume.sound() && volume.sealed);
    EXPECT_EQ(volume.octets, fs::file_size(store_.path(number)));
    EXPECT_EQ(volume.last_record, store_.records(number).back().place.offset);
    EXPECT_EQ(volume.chain, store_.records(number).back().header.chain);
  }
  EXPECT_FALSE(known.unfinished);
  ASSERT_TRUE(known.last);
  EXPECT_EQ(known.last->octets, octets(1, store_.volumes()));
}

TEST_F(ScrubTest, WhatWasVerifiedIsLeftOut) {
  verified(Extent::all);
  const auto report = verified(Extent::unverified);
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.octets, 0u);
  EXPECT_EQ(report.volumes_left_out, store_.volumes());
}

TEST_F(ScrubTest, OnlyWhatIsNewIsReadAndWhatItRefersToIsLookedUp) {
  verified(Extent::all);
  const auto before = store_.volumes();
  store_.fill(12);  // with octets that came before
  const auto report = verified(Extent::unverified);
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.octets, octets(before + 1, store_.volumes()));
  EXPECT_EQ(report.messages, 12u);
  EXPECT_EQ(verified(Extent::unverified).octets, 0u);
}

TEST_F(ScrubTest, AFactAboutWhatNoVolumeHasIsFoundInAPartToo) {
  verified(Extent::all);
  auto& ids = store_.ids();
  const auto store = store_.open();
  const MessageId nobody{ids.mint(store_.clock().now())};
  ASSERT_TRUE(push(*store, hand_over(store_.clock(), {{nobody, {ids.mint(store_.clock().now())}}})).get());
  store->stop();
  EXPECT_THAT(verified(Extent::unverified).findings,
              ElementsAre(damage(where(store_.records(store_.volumes()).back().place), "never made")));
}

TEST_F(ScrubTest, AHandOverOfADeliveryInAnotherVolumeIsSound) {
  const auto mail = new_mail(store_.clock(), store_.ids(), mail_text("x"));
  auto store = store_.open();
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), mail)).get());
  store->stop();
  store.reset();
  verified(Extent::all);
  store = store_.open();
  ASSERT_TRUE(push(*store, hand_over(store_.clock(), {{mail.message, mail.uids.front()}})).get());
  store->stop();
  const auto report = verified(Extent::unverified);
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.volumes, 1u);
}

TEST_F(ScrubTest, AVolumeThatChangedAtItsEndIsReadAgain) {
  verified(Extent::all);
  const auto record = store_.records(2).back();
  store_.change(2, [&record](std::string& octets) {  // as long as before
    octets[octets.find("Guichet-Chain: ", record.place.offset) + 20] ^= 1;
  });
  const auto report = verified(Extent::unverified);
  EXPECT_THAT(report.findings, Contains(Field("where", &Finding::where, where(record.place))));
  EXPECT_EQ(report.octets, octets(2, 2));
}

TEST_F(ScrubTest, AShortenedVolumeIsReadAgainAndNamed) {
  verified(Extent::all);
  const auto last = store_.records(2).back();
  store_.change(2, [&last](std::string& octets) { octets.resize(last.place.offset); });
  EXPECT_THAT(verified(Extent::unverified).findings, Contains(damage(where(2), "it was sealed with")));
  EXPECT_FALSE(state().volumes.at(2).sound());
}

TEST_F(ScrubTest, ARemovedLastVolumeIsNamed) {
  verified(Extent::all);
  fs::remove(store_.path(store_.volumes()));
  const auto gone = store_.volumes() + 1;
  EXPECT_THAT(verified(Extent::unverified).findings, Contains(damage(where(gone), "missing")));
}

TEST_F(ScrubTest, DamageIsReadAgainUntilItIsGoneAndKeepsItsDate) {
  const auto body = first_body(1);
  store_.flip(1, body.block_offset);
  EXPECT_TRUE(verified(Extent::all).damaged());
  const auto first = state().volumes.at(1);
  ASSERT_EQ(first.damage.size(), 1u);
  EXPECT_EQ(first.damage[0].finding.place, body.place);
  EXPECT_THAT(verified(Extent::unverified).findings, Contains(any_damage()));
  const auto second = state().volumes.at(1);
  EXPECT_EQ(second.damage[0].found, first.damage[0].found);
  EXPECT_GT(second.verified, first.verified);
  store_.flip(1, body.block_offset);
  EXPECT_FALSE(verified(Extent::unverified).damaged());
  EXPECT_TRUE(state().volumes.at(1).sound());
}

TEST_F(ScrubTest, WithoutAnIndexEverythingIsRead) {
  verified(Extent::all);
  fs::remove_all(store_.folder() / "index");
  const auto report = verified(Extent::unverified);
  EXPECT_EQ(report.octets, octets(1, store_.volumes()));
  EXPECT_FALSE(report.damaged());
  EXPECT_THAT(report.findings, Contains(Field(&Finding::what, HasSubstr("every volume is read"))));
}

// --- Interrupted -------------------------------------------------------------------------------------------

TEST_F(ScrubTest, AnInterruptedRunGoesOn) {
  std::stop_source stop;
  ScrubOptions options;
  options.stop = stop.get_token();
  const auto enough = octets(1, 2);
  options.progress = [&](auto done, auto) {
    if (done >= enough) stop.request_stop();
  };
  const auto stopped = run(Extent::all, options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::stopped);
  const auto done = state();
  ASSERT_TRUE(done.unfinished);
  ASSERT_GE(done.volumes.size(), 1u);
  ASSERT_LT(done.volumes.size(), store_.volumes());

  const auto read = static_cast<std::uint32_t>(done.volumes.size());
  const auto report = verified(Extent::resumed);
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.octets, octets(read + 1, store_.volumes()));
  EXPECT_FALSE(state().unfinished);
  EXPECT_EQ(state().last->begun, done.unfinished->begun);
}

TEST_F(ScrubTest, WithNothingInterruptedResumeReadsEverything) {
  verified(Extent::all);
  EXPECT_EQ(verified(Extent::resumed).octets, octets(1, store_.volumes()));
}

// --- One volume at a time ----------------------------------------------------------------------------------

TEST_F(ScrubTest, EachVolumeComesOnceOldestFirst) {
  constexpr std::int64_t day_us = 86'400'000'000;
  std::vector<std::uint32_t> order;
  while (const auto next = due(day_us)) {
    order.push_back(*next);
    const auto report = scrubbed(*next);
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.octets, octets(*next, *next));
    ASSERT_LE(order.size(), store_.volumes());
  }
  EXPECT_EQ(order.size(), store_.volumes());
  EXPECT_EQ(due(0), order.front());
  scrubbed(2);
  scrubbed(1);
  EXPECT_EQ(due(0), 3u);
}

TEST_F(ScrubTest, AScrubFindsDamageInItsVolumeAlone) {
  const auto body = first_body(2);
  store_.flip(2, body.block_offset);
  EXPECT_THAT(scrubbed(1).findings, IsEmpty());
  EXPECT_THAT(scrubbed(2).findings, ElementsAre(damage(where(body.place), "the octets of message")));
  EXPECT_THAT(scrubbed(3).findings, IsEmpty());
  EXPECT_FALSE(state().volumes.at(2).sound());
}

TEST_F(ScrubTest, AScrubLooksAtTheNeighbours) {
  const auto last = store_.records(2).back();
  store_.change(2, [&last](std::string& octets) { octets.resize(last.place.offset); });
  for (const std::uint32_t volume : {2u, 3u})
    EXPECT_THAT(scrubbed(volume).findings, Contains(damage(where(2), "it was sealed with")));
}

TEST_F(ScrubTest, AScrubReadsTheVolumeThatIsBeingWritten) {
  const auto store = store_.open();
  const auto mail = new_mail(store_.clock(), store_.ids(), mail_text("x"));
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), mail)).get());
  ASSERT_TRUE(store->wait_for_index());
  const auto active = store_.volumes();
  EXPECT_THAT(scrubbed(active).findings, IsEmpty());
  EXPECT_THAT(scrubbed(active - 1).findings, IsEmpty());
  EXPECT_FALSE(state().volumes.at(active).sealed);
}

// --- Erasures ----------------------------------------------------------------------------------------------

TEST_F(ScrubTest, WhatIsErasedIsNoDamageWhereverTheErasureIsSaid) {
  const auto secret = new_mail(store_.clock(), store_.ids(), mail_text("secret"), {"foi", "other"});
  auto store = store_.open();
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), secret)).get());
  ASSERT_TRUE(push(*store, hand_over(store_.clock(), {{secret.message, secret.uids[0]}})).get());
  store->stop();
  store.reset();
  store = store_.open();
  auto again = new_mail(store_.clock(), store_.ids(), mail_text("secret"));  // a revisit, in another volume
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), again)).get());
  store->stop();
  store.reset();
  verified(Extent::all);
  store = store_.open();
  ASSERT_TRUE(erase(*store, {{secret.message, again.message}, store_.clock().now(), "test", "asked for"}));
  store->stop();
  EXPECT_THAT(verified(Extent::unverified).findings, Not(Contains(any_damage())));
  for (std::uint32_t volume = 1; volume <= store_.volumes(); ++volume)
    EXPECT_THAT(scrubbed(volume).findings, Not(Contains(any_damage()))) << volume;
  EXPECT_THAT(verified(Extent::all).findings, Not(Contains(any_damage())));
}

TEST_F(ScrubTest, ABlankBlockThatNobodyErasedIsDamage) {
  const auto record = first_body(2);
  store_.change(2, [&record](std::string& octets) {
    std::fill_n(octets.begin() + static_cast<std::ptrdiff_t>(record.block_offset),
                record.header.content_length, ' ');
  });
  EXPECT_THAT(scrubbed(2).findings, Contains(damage(where(record.place), "blank")));
  EXPECT_FALSE(state().volumes.at(2).sound());
  EXPECT_THAT(verified(Extent::all).findings, Contains(damage(where(record.place), "blank")));
  EXPECT_FALSE(state().volumes.at(2).sound());
}

// --- Volumes that were merged in ---------------------------------------------------------------------------

TEST_F(ScrubTest, MergedVolumesAreChainsOfTheirOwn) {
  SampleStore other(2);
  other.fill(20);
  const auto merged = other.volumes();
  for (std::uint32_t volume = 1; volume <= merged; ++volume)
    put_octets(store_.path(lineage_stride + volume), octets_of(other.path(volume)));
  auto report = verified(Extent::all);
  EXPECT_THAT(report.findings, Not(Contains(any_damage())));  // that the index lacks them is a note
  EXPECT_EQ(report.volumes, store_.volumes() + merged);
  fs::remove(store_.path(lineage_stride + 2));
  EXPECT_THAT(verified(Extent::all).findings, Contains(damage(where(lineage_stride + 2), "missing")));
  put_octets(store_.path(lineage_stride + 2), octets_of(other.path(1)));
  EXPECT_THAT(verified(Extent::all).findings,
              Contains(damage(where(Place{lineage_stride + 2, 0}), "swapped")));
}

TEST_F(ScrubTest, TheActiveVolumeIsTheLastOfTheStoresOwn) {
  SampleStore other(2);
  other.fill(10);
  const auto store = store_.open();
  put_octets(store_.path(lineage_stride + 1), octets_of(other.path(1)));
  const auto mail = new_mail(store_.clock(), store_.ids(), mail_text("x"));
  ASSERT_TRUE(push(*store, *to_append(*store, store_.clock(), mail)).get());
  ASSERT_TRUE(store->wait_for_index());
  EXPECT_THAT(verified(Extent::all).findings, Not(Contains(any_damage())));
}

// --- The file ----------------------------------------------------------------------------------------------

ScrubState example(std::uint32_t volumes) {
  ScrubState state;
  for (std::uint32_t number = 1; number <= volumes; ++number) {
    VolumeState volume{.octets = number * 1000ull,
                       .last_record = 900,
                       .chain = sha256("x"),
                       .verified = {1'780'000'000'000'000},
                       .sealed = true,
                       .damage = {}};
    volume.damage.push_back(
        {{FindingKind::damage, "w", "caf\xc3\xa9 \"x\"", {number, 5}}, {1'770'000'000'000'000}});
    state.volumes.emplace(number, volume);
  }
  state.last = VerifyRun{
      {1'780'000'000'000'000}, true, Instant{1'780'000'001'000'000}, 7, {{FindingKind::note, "index", "n"}}};
  return state;
}

TEST(ScrubStateFile, ComesBackAsItWasWritten) {
  const TempFolder folder;
  const auto disk = real_disk();
  const auto state = example(3);
  ASSERT_TRUE(change_scrub_state(*disk, folder.path(), [&](ScrubState& now) { now = state; }));
  EXPECT_EQ(read_scrub_state(*disk, folder.path()), state);
}

TEST(ScrubStateFile, IsNothingWhenItIsDamaged) {
  const TempFolder folder;
  const auto disk = real_disk();
  ASSERT_TRUE(change_scrub_state(*disk, folder.path(), [](ScrubState& now) { now = example(2); }));
  const auto file = folder.path() / "scrub/state.json";
  const auto whole = octets_of(file);
  for (std::size_t length = 0; length < whole.size() - 2; length += 7) {
    put_octets(file, whole.substr(0, length));
    EXPECT_EQ(read_scrub_state(*disk, folder.path()), ScrubState{});
  }
  ASSERT_TRUE(change_scrub_state(*disk, folder.path(), [](ScrubState& now) { now = example(1); }));
  EXPECT_EQ(read_scrub_state(*disk, folder.path()), example(1));
}

TEST(ScrubStateFile, IsTheOldOneOrTheNewOneAfterAPowerCut) {
  const TempFolder folder;  // for its name
  const auto set = [&](Disk& disk, std::uint32_t volumes) {
    return change_scrub_state(disk, folder.path(), [&](ScrubState& now) { now = example(volumes); });
  };
  std::uint64_t last = 0;
  for (std::uint64_t step = 0; step <= last; ++step) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      ForgetfulDisk disk(folder.path());
      ASSERT_TRUE(set(disk, 1));
      const auto begin = disk.steps();
      if (last == 0) {
        ASSERT_TRUE(set(disk, 2));
        last = disk.steps() - begin;
        continue;
      }
      disk.cut_power_at(begin + step);
      const bool done = set(disk, 2).has_value();
      const auto found = disk.power_cut(seed, Cut::sectors);
      const auto state = read_scrub_state(*found, folder.path());
      EXPECT_TRUE(state == example(2) || (!done && state == example(1))) << "step " << step;
    }
  }
  EXPECT_GT(last, 4u);
}

}  // namespace
}  // namespace guichet::store
