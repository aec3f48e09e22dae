// One call to the disk fails, every one in turn and with every kind of error: nothing is acknowledged that is
// not there, nothing acknowledged is lost, and the store goes on where it may.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "tests/store/crash_script.h"

namespace guichet::store {
namespace {

constexpr std::array<ErrorKind, 3> kinds{ErrorKind::io, ErrorKind::no_space, ErrorKind::no_files};

class FaultTest : public ::testing::Test {
 protected:
  static std::uint64_t calls_of_day() {
    TempFolder home;
    CrashScript script(home.path());
    ForgetfulDisk disk(home.path());
    script.run(disk);
    EXPECT_EQ(script.refused(), 0u);
    return disk.calls();
  }

  // A day with one fault in it; then the process starts again on the same disk, and only then the power goes:
  // what a failed sync dropped is still in the cache at the first, and gone at the second.
  std::string day_with(const ForgetfulDisk::Fault& fault) {
    TempFolder home;
    CrashScript script(home.path());
    ForgetfulDisk disk(home.path());
    disk.inject(fault);
    script.run(disk);
    if (!disk.fault_happened()) return {};
    ++faults_;
    const auto where = disk.fault_text() + ", kind " + std::to_string(static_cast<int>(fault.kind)) + ": ";
    if (fault.kind == ErrorKind::io && script.acknowledged_after_failed_sync())
      return where + "acknowledged after a failed sync";
    if (script.acknowledged_after_failure()) return where + "acknowledged after it had failed";
    // A day has 15 mails. What is not a failed sync costs one batch; a start that failed was tried again.
    if (!script.ever_failed() && script.refused() > 4) return where + "the store did not go on";
    if (script.ever_failed() && !disk.fault_was_in_sync()) return where + "the store gave up without need";
    if (auto problem = script.check_and_go_on(disk); !problem.empty()) return where + problem;
    const auto found = disk.power_cut(fault.call, Cut::nothing_unsynced);
    if (auto problem = script.check(*found); !problem.empty()) return where + "after a cut: " + problem;
    return {};
  }

  std::size_t faults_ = 0;
};

TEST_F(FaultTest, EveryCall) {
  const auto calls = calls_of_day();
  std::size_t problems = 0;
  for (std::uint64_t call = 0; call < calls; ++call)
    for (const auto kind : kinds) {
      const auto problem = day_with({.call = call, .kind = kind, .seed = call * 2654435761 + (call >> 1)});
      if (!problem.empty() && ++problems < 10) ADD_FAILURE() << "call " << call << ", " << problem;
    }
  EXPECT_EQ(problems, 0u);
  std::printf("%zu faults in %zu call sites\n", faults_, static_cast<std::size_t>(calls));
}

// The thread that writes zeros syncs the same file: where its error is told to nobody else, it must tell.
// Whether it gets to that volume at all before the writer is through with it is the scheduler's choice:
// another day then.
TEST_F(FaultTest, ASyncOfZerosThatOnlyItsOwnFileHearsOf) {
  constexpr int days_max = 200;
  for (int day = 0; day < days_max; ++day) {
    TempFolder home;
    CrashScript script(home.path());
    ForgetfulDisk disk(home.path());
    script.options.prepare_octets = 4096;
    disk.tell_errors_once();
    disk.inject({.what = "sync_data 00000002.warc"});
    script.run(disk);
    if (!disk.fault_happened()) continue;
    EXPECT_FALSE(script.acknowledged_after_failed_sync());
    EXPECT_TRUE(script.ever_failed());
    EXPECT_EQ(script.check_and_go_on(disk), "");
    return;
  }
  FAIL() << "the zeros of that volume were never synced";
}

}  // namespace
}  // namespace guichet::store
