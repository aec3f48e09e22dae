// The power goes during every step of a store's day, the disk keeps what it likes of what was not synced, and
// whatever was acknowledged must be there. And the same with mistakes built in, which must show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "tests/store/crash_script.h"

namespace guichet::store {
namespace {

enum class IndexFate { kept, deleted, older };
constexpr std::array<IndexFate, 3> index_fates{IndexFate::kept, IndexFate::deleted, IndexFate::older};

struct CutCase {
  Cut mode;
  std::uint64_t seed;
};
constexpr std::array<CutCase, 9> cut_cases{{{Cut::nothing_unsynced, 0},
                                            {Cut::everything, 0},
                                            {Cut::sectors, 1},
                                            {Cut::sectors, 2},
                                            {Cut::sectors, 3},
                                            {Cut::sectors, 4},
                                            {Cut::last_write_prefix, 1},
                                            {Cut::last_write_prefix, 2},
                                            {Cut::last_write_prefix, 3}}};

struct Totals {
  std::size_t cuts = 0, losses = 0, acknowledged = 0;
  std::string first_loss;
};

class CrashTest : public ::testing::Test {
 protected:
  void set_index(const CrashScript& script, IndexFate fate) {
    script.restore_index();
    if (fate == IndexFate::deleted) script.delete_index();
    if (fate == IndexFate::older) script.use_older_index();
  }

  // One cut, found again, gone on with, cut again with nothing to spare, found again; and once more with the
  // power going in the middle of the first recovery.
  std::string survive(CrashScript& script, const ForgetfulDisk& dead, CutCase cut, IndexFate fate) {
    script.rewind();
    set_index(script, fate);
    const auto found = dead.power_cut(cut.seed, cut.mode);
    if (auto problem = script.check_and_go_on(*found); !problem.empty()) return problem;
    const auto again = found->power_cut(cut.seed, Cut::nothing_unsynced);
    if (auto problem = script.check(*again); !problem.empty()) return "after a second cut: " + problem;
    return {};
  }

  std::string survive_cut_recovery(CrashScript& script, const ForgetfulDisk& dead, CutCase cut,
                                   std::uint64_t step) {
    script.rewind();
    set_index(script, IndexFate::kept);
    const auto found = dead.power_cut(cut.seed, cut.mode);
    found->cut_power_at(step);
    (void)script.check(*found);  // the power goes in it
    const auto again = found->power_cut(step, cut.seed % 2 ? Cut::sectors : Cut::nothing_unsynced);
    if (auto problem = script.check(*again); !problem.empty())
      return "after a cut of the recovery: " + problem;
    return {};
  }

  // Only the process dies, and the next one dies in its recovery; the power goes when the third is at work.
  std::string survive_two_deaths(CrashScript& script, const ForgetfulDisk& dead, std::uint64_t step) {
    script.rewind();
    set_index(script, IndexFate::kept);
    const auto second = dead.process_death();
    second->cut_power_at(step);
    (void)script.check(*second);
    const auto third = second->process_death();
    if (auto problem = script.check_and_go_on(*third); !problem.empty()) return problem;
    const auto found = third->power_cut(0, Cut::nothing_unsynced);
    if (auto problem = script.check(*found); !problem.empty()) return "after the cut: " + problem;
    return {};
  }

  void tally(const std::string& problem, const std::string& what) {
    ++totals_.cuts;
    if (problem.empty()) return;
    ++totals_.losses;
    if (totals_.first_loss.empty()) totals_.first_loss = what + ": " + problem;
  }

  // `prepare` changes the script or the disk before the day begins.
  template <class Prepare>
  void day_cut_at(std::uint64_t step, const Prepare& prepare) {
    TempFolder home;
    CrashScript script(home.path());
    ForgetfulDisk disk(home.path());
    prepare(script, disk);
    disk.cut_power_at(step);
    script.run(disk);
    script.keep_index();
    totals_.acknowledged += script.acknowledged();
    const auto trace = disk.trace();
    const auto what = "step " + std::to_string(step) + " (" + (trace.empty() ? "" : trace.back()) + ")";
    for (std::size_t i = 0; i < cut_cases.size(); ++i) {
      const auto fate = index_fates[(i + step) % index_fates.size()];
      const auto& cut = cut_cases[i];
      const auto name = what + ", mode " + std::to_string(static_cast<int>(cut.mode)) + " seed " +
                        std::to_string(cut.seed) + ", index " + std::to_string(static_cast<int>(fate));
      tally(survive(script, disk, cut, fate), name);
    }
    const auto& cut = cut_cases[step % cut_cases.size()];
    tally(survive_cut_recovery(script, disk, cut, step % 13),
          what + ", recovery cut at " + std::to_string(step % 13));
    for (std::uint64_t death = step % 3; death < 16; death += 3)
      tally(survive_two_deaths(script, disk, death), what + ", recovery killed at " + std::to_string(death));
  }

  template <class Prepare>
  std::uint64_t steps_of_day(const Prepare& prepare) {
    TempFolder home;
    CrashScript script(home.path());
    ForgetfulDisk disk(home.path());
    prepare(script, disk);
    script.run(disk);
    EXPECT_EQ(script.refused(), 0u);
    EXPECT_EQ(script.check(disk), "");
    return disk.steps();
  }

  void report(const char* what) const {
    std::printf("%s: %zu cuts, %zu losses, first: %s\n", what, totals_.cuts, totals_.losses,
                totals_.first_loss.empty() ? "none" : totals_.first_loss.c_str());
  }

  Totals totals_;
};

void nothing(CrashScript&, ForgetfulDisk&) {}

TEST_F(CrashTest, DayWithoutTroubleIsWhole) {
  EXPECT_GT(steps_of_day(nothing), 40u);
}

TEST_F(CrashTest, EveryStep) {
  const auto steps = steps_of_day(nothing);
  for (std::uint64_t step = 0; step <= steps; ++step)
    day_cut_at(step, nothing);
  report("every step");
  EXPECT_EQ(totals_.losses, 0u) << totals_.first_loss;
}

// Zero-filling is a thread of its own, so the steps are not the same twice: chance instead of completeness.
TEST_F(CrashTest, WithZeroFilling) {
  const auto prepare = [](CrashScript& script, ForgetfulDisk&) { script.options.prepare_octets = 4096; };
  const auto steps = steps_of_day(prepare);
  for (std::uint64_t step = 0; step <= steps; step += 7)
    day_cut_at(step, prepare);
  report("with zero-filling");
  EXPECT_EQ(totals_.losses, 0u) << totals_.first_loss;
}

// A write that failed half way leaves octets that the seal must cut before it marks the volume.
TEST_F(CrashTest, AfterAFailedWrite) {
  for (const std::uint64_t seed : {900u, 2000u}) {
    const auto prepare = [seed](CrashScript&, ForgetfulDisk& disk) {
      disk.inject(
          {.call = 0, .kind = ErrorKind::no_space, .seed = seed, .what = "write_durably 00000001.warc 30"});
    };
    for (std::uint64_t step = 15; step < 24; ++step)
      day_cut_at(step, prepare);
  }
  report("after a failed write");
  EXPECT_EQ(totals_.losses, 0u) << totals_.first_loss;
}

// A crash test that cannot fail proves nothing.
TEST_F(CrashTest, NoticesThatSyncOfOctetsIsMissing) {
  // After the first volume was made: a store that does not even open would show too little.
  const auto prepare = [](CrashScript&, ForgetfulDisk& disk) { disk.ignore_sync_data(14); };
  const auto steps = steps_of_day(prepare);
  for (std::uint64_t step = 0; step <= steps; step += 9)
    day_cut_at(step, prepare);
  report("seeded bug, no sync of octets");
  EXPECT_GT(totals_.losses, 0u);
  EXPECT_THAT(totals_.first_loss, testing::HasSubstr("lost: message"));
}

TEST_F(CrashTest, NoticesThatSyncOfFoldersIsMissing) {
  const auto prepare = [](CrashScript&, ForgetfulDisk& disk) { disk.ignore_sync_folder(); };
  const auto steps = steps_of_day(prepare);
  for (std::uint64_t step = 0; step <= steps; step += 9)
    day_cut_at(step, prepare);
  report("seeded bug, no sync of folders");
  EXPECT_GT(totals_.losses, 0u);
  EXPECT_THAT(totals_.first_loss, testing::HasSubstr("lost: message"));
}

}  // namespace
}  // namespace guichet::store
