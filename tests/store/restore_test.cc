// From what a snapshot holds to a store: to the batch, and with the power going in the middle of it.
#include "store/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "store/marks.h"
#include "store/recovery.h"
#include "store/same_history.h"
#include "store/staged.h"
#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path target = "/store/target";
const fs::path target_volume = volume_file(target, 1);

std::string segment_name(std::uint64_t begin, std::uint64_t end) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%012llu-%012llu", static_cast<unsigned long long>(begin),
                static_cast<unsigned long long>(end));
  return name.data();
}

// Three batches in the active volume, staged one after the other; the volume itself is no part of a snapshot.
class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    moments_.push_back(volume_.clock().now());
    ends_.push_back(volume_.end());
    for (const auto* text : {"one", "two", "three"}) {
      volume_.add_batch({mail_text(text), mail_text(std::string(text) + " more")});
      moments_.push_back(volume_.clock().now());
      ends_.push_back(volume_.end());
    }
    octets_ = volume_.octets().substr(0, static_cast<std::size_t>(volume_.end()));
    disk_.put("/store/format", "guichet-store 1\n");
    stage(0, ends_[1]);
    stage(ends_[1], ends_[2]);
    stage(ends_[2], ends_[3]);
    EXPECT_TRUE(disk_.remove(volume_.path()));
    EXPECT_TRUE(disk_.sync_folder("/store/volumes"));
  }

  static fs::path staged(std::uint64_t begin, std::uint64_t end) {
    return "/store/backup/active/00000001/" + segment_name(begin, end);
  }
  void stage(std::uint64_t begin, std::uint64_t end) {
    EXPECT_TRUE(disk_.make_folder(staged(begin, end).parent_path()));
    disk_.put(staged(begin, end),
              octets_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  }

  // All of it, as `guichet restore` does it; the index is SQLite's own business.
  static Result<VerifyReport> restore(Disk& disk, std::optional<Instant> at = {}) {
    const auto lock = begin_restore(disk, target, "test");
    if (!lock) return tl::unexpected(lock.error());
    auto assembled = assemble(
        disk, {.from = "/store", .to = target, .at = at, .may_move = false, .erasures = std::nullopt});
    if (!assembled) return tl::unexpected(assembled.error());
    auto report = complete_restore(disk, target, {.with_index = false, .verify = {}}, [](const auto&) {});
    if (!report) return report;
    report->findings.insert(report->findings.begin(), assembled->findings.begin(), assembled->findings.end());
    if (auto ended = end_restore(disk, target); !ended) return tl::unexpected(ended.error());
    return report;
  }

  static bool is_read_only(Disk& disk) { return (*disk.open_read(target_volume))->is_read_only().value(); }

  // Whole and sealed, or refused by everybody.
  std::string judge(ForgetfulDisk& disk) const {
    if (!check_folder(disk, target)) return {};
    if (disk.content(target_volume) != octets_) return "open to use, but its volume is not whole";
    if (!is_read_only(disk)) return "open to use, but its volume is not sealed";
    return {};
  }

  SmallVolume volume_;
  ForgetfulDisk& disk_ = volume_.disk();
  std::vector<Instant> moments_;     // after so many batches
  std::vector<std::uint64_t> ends_;  // of the volume then
  std::string octets_ = volume_.octets();
};

TEST_F(RestoreTest, TheStagedPrefixBecomesASealedVolume) {
  const auto report = restore(disk_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->damaged());
  EXPECT_EQ(report->messages, 6u);
  EXPECT_EQ(judge(disk_), "");
  EXPECT_TRUE(check_folder(disk_, target));
  const auto same = differences(Archive(disk_, target), Archive(disk_, target));
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->empty());
}

TEST_F(RestoreTest, AsOfAMomentItEndsWithTheLastBatchBeforeIt) {
  for (std::size_t batches = 0; batches < moments_.size(); ++batches) {
    disk_.put(target / restoring_mark, "");  // begins anew each time
    const auto report = restore(disk_, moments_[batches]);
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_FALSE(report->damaged());
    EXPECT_EQ(disk_.content(target_volume), octets_.substr(0, static_cast<std::size_t>(ends_[batches])));
  }
}

TEST_F(RestoreTest, BeforeTheFirstRecordThereIsNothing) {
  const auto report = restore(disk_, Instant{1});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(disk_.content(target_volume));
  EXPECT_TRUE(check_folder(disk_, target));
}

TEST_F(RestoreTest, ASealedVolumeCountsMoreThanWhatWasStagedOfIt) {
  disk_.put(volume_.path(), octets_, true);
  disk_.put(staged(0, ends_[1]), "something else");
  const auto report = restore(disk_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->damaged());
  EXPECT_EQ(judge(disk_), "");
}

TEST_F(RestoreTest, ALastBatchThatIsNotWholeIsCut) {
  disk_.put(staged(ends_[3], ends_[3] + 10), "WARC/1.1\r\n");
  const auto report = restore(disk_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(disk_.content(target_volume), octets_);
}

TEST_F(RestoreTest, AMissingSegmentIsNamed) {
  ASSERT_TRUE(disk_.remove(staged(ends_[1], ends_[2])));
  const auto report = restore(disk_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->damaged());
  EXPECT_THAT(report->findings.front().what,
              HasSubstr("the staged part ends at " + std::to_string(ends_[1])));
}

TEST_F(RestoreTest, AShortSegmentIsNamed) {
  disk_.put(staged(ends_[2], ends_[3]), "");
  const auto report = restore(disk_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->damaged());
}

TEST_F(RestoreTest, TheJoinedSegmentIsTakenWhereItLeadsFarther) {
  stage(0, ends_[2]);
  const auto volumes = staged_volumes(disk_, "/store");
  ASSERT_TRUE(volumes);
  ASSERT_EQ(volumes->size(), 1u);
  EXPECT_EQ(volumes->front().segments.size(), 2u);
  EXPECT_TRUE(volumes->front().flaws.empty());
  ASSERT_TRUE(restore(disk_));
  EXPECT_EQ(judge(disk_), "");
}

TEST_F(RestoreTest, AFolderWithSomethingInItIsLeftAlone) {
  ASSERT_TRUE(disk_.make_folder(target));
  disk_.put(target / "letter", "mine");
  const auto refused = restore(disk_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("not empty"));
  EXPECT_EQ(disk_.content(target / "letter"), "mine");
  EXPECT_FALSE(disk_.content(target / restoring_mark));
}

TEST_F(RestoreTest, AFormatOfAnotherReleaseIsRefused) {
  disk_.put("/store/format", "guichet-store 9\n");
  const auto refused = restore(disk_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::foreign);
  EXPECT_FALSE(check_folder(disk_, target));
}

// The power goes at every step, and the disk keeps what it likes: what is left is refused or whole, and the
// next restore makes it whole.
TEST_F(RestoreTest, ThePowerMayGoAtAnyStep) {
  std::size_t cuts = 0, refused = 0;
  const auto base = disk_.power_cut(0, Cut::everything);  // what stands there now is durable
  for (std::uint64_t step = 0; step < 1000; ++step) {
    const auto disk = base->power_cut(0, Cut::everything);
    const auto first = disk->steps();
    disk->cut_power_at(first + step);
    if (restore(*disk)) break;
    for (const auto mode : {Cut::nothing_unsynced, Cut::everything, Cut::sectors, Cut::last_write_prefix}) {
      const auto found = disk->power_cut(step, mode);
      ++cuts;
      refused += !check_folder(*found, target);
      ASSERT_EQ(judge(*found), "") << "step " << step;
      const auto again = restore(*found);
      if (again) {
        EXPECT_FALSE(again->damaged());
      } else {
        // Only the last step may leave what needs no second restore: the mark is gone.
        EXPECT_TRUE(check_folder(*found, target)) << "step " << step << ": " << again.error().text;
      }
      EXPECT_EQ(judge(*found), "") << "step " << step;
      EXPECT_TRUE(check_folder(*found, target)) << "step " << step;
    }
  }
  EXPECT_GT(cuts, 40u);
  EXPECT_GT(refused, 40u);
  std::printf("[ cuts     ] %zu, %zu of them left a folder that is refused\n", cuts, refused);
}

// The same when a call fails: an error is told, and the folder is refused.
TEST_F(RestoreTest, EveryCallMayFail) {
  const auto base = disk_.power_cut(0, Cut::everything);  // what stands there now is durable
  std::size_t faults = 0;
  for (const auto kind : {ErrorKind::io, ErrorKind::no_space, ErrorKind::no_files})
    for (std::uint64_t call = 0; call < 1000; ++call) {
      const auto disk = base->power_cut(0, Cut::everything);
      disk->inject({.call = disk->calls() + call, .kind = kind, .seed = call});
      const auto report = restore(*disk);
      if (!disk->fault_happened()) break;
      ++faults;
      // What could not be read is told as damage, or ends it.
      const bool all_well = report && !report->damaged();
      if (all_well || !report) {
        EXPECT_EQ(judge(*disk), "") << disk->fault_text();
      }
    }
  EXPECT_GT(faults, 60u);
}

}  // namespace
}  // namespace guichet::store
