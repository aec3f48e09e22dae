// What an operator sees while a long reading goes on.
#include <gtest/gtest.h>

#include "cli/pace.h"

namespace guichet::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t mib = 1 << 20;

TEST(ProgressLine, NoEstimateBeforeThereIsAnythingToGoBy) {
  EXPECT_EQ(progress_line("verify", 0, 100 * mib, milliseconds(5000)),
            "verify:   0 % [                    ]");
  EXPECT_EQ(progress_line("verify", 50 * mib, 100 * mib, milliseconds(999)),
            "verify:  50 % [##########          ]");
}

TEST(ProgressLine, RateAndTheTimeThatIsLeft) {
  EXPECT_EQ(progress_line("verify", 43 * mib, 100 * mib, milliseconds(10'000)),
            "verify:  43 % [########            ] 4.3 MiB/s, 0:13 left");
  EXPECT_EQ(progress_line("verify", 1024 * mib, 4 * 1024 * mib, milliseconds(2000)),
            "verify:  25 % [#####               ] 512 MiB/s, 0:06 left");
}

TEST(ProgressLine, HoursAreHours) {
  EXPECT_EQ(progress_line("scrub", mib, 5402 * mib, milliseconds(1000)),
            "scrub:   0 % [                    ] 1.0 MiB/s, 1:30:01 left");
}

// What is written while it is read makes the total too small; an empty store has none.
TEST(ProgressLine, NeverPastTheEnd) {
  EXPECT_EQ(progress_line("verify", 120 * mib, 100 * mib, milliseconds(1000)),
            "verify: 100 % [####################] 120 MiB/s, 0:00 left");
  EXPECT_EQ(progress_line("verify", 0, 0, milliseconds(1000)), "verify: 100 % [####################]");
}

}  // namespace
}  // namespace guichet::cli
