#include "store/refusal_volumes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t day_us = 86'400'000'000;

// Noon, so that a tick is on the same day.
class DayClock final : public Clock {
 public:
  Instant now() override { return at; }
  Instant at{1'780'012'800'000'000 / day_us * day_us + day_us / 2};
};

class RefusalVolumesTest : public testing::Test {
 protected:
  RefusalWriter writer() { return {disk_, clock_, ids_, "/store"}; }
  std::vector<RefusalVolume> volumes() { return refusal_volumes(disk_, "/store").value(); }

  struct Read {
    std::vector<std::string> blocks;
    std::vector<Flaw> flaws;  // before the end
  };
  Read read(Disk& disk) {
    Read all;
    const auto volumes = refusal_volumes(disk, "/store").value();
    for (const auto& volume : volumes) {
      const auto scan = read_refusals(disk, volume, [&](const ScannedRecord& record) {
        all.blocks.push_back(record.block);
        return Result<void>();
      });
      EXPECT_TRUE(scan);
      for (const auto& flaw : scan->flaws)
        if (flaw.place.offset < scan->end) all.flaws.push_back(flaw);
    }
    return all;
  }

  ForgetfulDisk disk_{"/store"};
  DayClock clock_;
  CountingIds ids_;
};

TEST_F(RefusalVolumesTest, NoneWhereNothingWasRefused) {
  EXPECT_THAT(volumes(), IsEmpty());
  EXPECT_TRUE(writer().append({}));
  EXPECT_THAT(volumes(), IsEmpty());
}

TEST_F(RefusalVolumesTest, ReadsWhatWasWritten) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})", R"({"b":2})"}));
  ASSERT_TRUE(w.append({R"({"c":3})"}));
  const auto found = read(disk_);
  EXPECT_THAT(found.blocks, ElementsAre(R"({"a":1})", R"({"b":2})", R"({"c":3})"));
  EXPECT_THAT(found.flaws, IsEmpty());
  EXPECT_THAT(volumes(), SizeIs(1));
  EXPECT_EQ(volumes().front().path.extension(), ".refusals");
}

TEST_F(RefusalVolumesTest, IsDurableWhenItSaysSo) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})"}));
  ASSERT_TRUE(w.append({R"({"b":2})"}));
  for (const auto cut : {Cut::nothing_unsynced, Cut::everything, Cut::sectors, Cut::last_write_prefix})
    EXPECT_THAT(read(*disk_.power_cut(1, cut)).blocks, ElementsAre(R"({"a":1})", R"({"b":2})"));
}

TEST_F(RefusalVolumesTest, EachDayAndEachStartBeginsAVolumeInOneChain) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})"}));
  clock_.at.unix_us += day_us;
  ASSERT_TRUE(w.append({R"({"b":2})"}));
  auto next = writer();
  ASSERT_TRUE(next.append({R"({"c":3})"}));
  ASSERT_THAT(volumes(), SizeIs(3));
  EXPECT_NE(volumes()[0].day, volumes()[1].day);
  EXPECT_EQ(volumes()[1].day, volumes()[2].day);
  Digest chain;
  std::uint64_t length = 0;
  for (const auto& volume : volumes()) {
    const auto octets = disk_.content(volume.path).value();
    EXPECT_NE(octets.find("guichet-previous-chain: " + chain.hex()), std::string::npos);
    EXPECT_NE(octets.find("guichet-previous-length: " + std::to_string(length) + "\r\n"), std::string::npos);
    const auto scan = read_refusals(disk_, volume, [](const auto&) { return Result<void>(); }).value();
    chain = scan.chain;
    length = scan.end;
  }
}

TEST_F(RefusalVolumesTest, WhatWasAlteredShows) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"reply":"550 5.1.1"})", R"({"b":2})"}));
  const auto path = volumes().front().path;
  auto octets = disk_.content(path).value();
  octets[octets.find("550 5.1.1")] = '2';
  disk_.put(path, octets);
  EXPECT_THAT(read(disk_).flaws, SizeIs(1));
}

TEST_F(RefusalVolumesTest, ATornEndIsNoDamage) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})"}));
  const auto path = volumes().front().path;
  const auto octets = disk_.content(path).value();
  for (std::size_t cut = 1; cut < 100; ++cut) {
    disk_.put(path, octets + octets.substr(0, cut));
    const auto found = read(disk_);
    EXPECT_THAT(found.blocks, ElementsAre(R"({"a":1})"));
    EXPECT_THAT(found.flaws, IsEmpty());
  }
}

TEST_F(RefusalVolumesTest, GoesOnInAnotherVolumeAfterAFailure) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})"}));
  disk_.inject({.call = disk_.calls(), .kind = ErrorKind::io});
  EXPECT_FALSE(w.append({R"({"b":2})"}));
  ASSERT_TRUE(w.append({R"({"c":3})"}));
  EXPECT_THAT(volumes(), SizeIs(2));
  EXPECT_THAT(read(disk_).blocks, testing::IsSupersetOf({R"({"a":1})", R"({"c":3})"}));
}

TEST_F(RefusalVolumesTest, AreDeletedWholeWhenAllInThemIsOld) {
  auto w = writer();
  for (int day = 0; day < 4; ++day) {
    ASSERT_TRUE(w.append({R"({"a":1})"}));
    clock_.at.unix_us += day_us;
  }
  clock_.at.unix_us -= day_us;  // the last day on which something was refused
  const auto deleted = delete_refusals(disk_, "/store", clock_.now(), 1);
  ASSERT_TRUE(deleted);
  EXPECT_EQ(*deleted, 1u);
  EXPECT_EQ(volumes().front().number, 2u);
  EXPECT_EQ(delete_refusals(disk_, "/store", clock_.now(), 0).value(), 1u);
  EXPECT_EQ(delete_refusals(disk_, "/store", clock_.now(), 0).value(), 0u);
}

TEST_F(RefusalVolumesTest, ANumberIsNotUsedTwiceWhileALaterOneIsThere) {
  auto w = writer();
  ASSERT_TRUE(w.append({R"({"a":1})"}));
  clock_.at.unix_us += day_us;
  ASSERT_TRUE(w.append({R"({"b":2})"}));
  ASSERT_TRUE(disk_.remove(volumes().front().path));
  ASSERT_TRUE(writer().append({R"({"c":3})"}));
  EXPECT_EQ(volumes().back().number, 3u);
}

TEST_F(RefusalVolumesTest, OtherFilesAreNotTouched) {
  ASSERT_TRUE(writer().append({R"({"a":1})"}));
  disk_.put("/store/refusals/00000009-20200101.refusals.bak", "x");
  disk_.put("/store/refusals/note.txt", "x");
  EXPECT_THAT(volumes(), SizeIs(1));
  ASSERT_TRUE(delete_refusals(disk_, "/store", {clock_.now().unix_us + 400 * day_us}, 1));
  EXPECT_THAT(volumes(), IsEmpty());
  EXPECT_TRUE(disk_.content("/store/refusals/note.txt"));
}

}  // namespace
}  // namespace guichet::store
