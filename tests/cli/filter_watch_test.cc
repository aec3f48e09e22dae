#include "cli/filter_watch.h"

#include <gtest/gtest.h>

#include <chrono>

namespace guichet::cli {
namespace {

using std::chrono::minutes;

class FilterWatchTest : public testing::Test {
 protected:
  // What is said of one look, some minutes after the start.
  std::string look(std::uint64_t answered, std::uint64_t failed, const std::string& trouble, int at) {
    said_.clear();
    watch_.look({{"clamd", answered, failed, trouble}}, FilterWatch::Clock::time_point() + minutes(at));
    return said_;
  }

  std::string said_;
  FilterWatch watch_{[this](const std::string& text) { said_ = "alarm: " + text; },
                     [this](const std::string& text) { said_ = text; }};
};

TEST_F(FilterWatchTest, SaysOnceWhatIsKnownToBeDownAndOnceThatItWorksAgain) {
  EXPECT_EQ(look(3, 0, "", 0), "");
  EXPECT_EQ(look(3, 5, "open for 1 s", 1),
            "alarm: filter.down: clamd fails, open for 1 s; mail is delivered without what it would say, and "
            "marked (X-Guichet-Unjudged)");
  EXPECT_EQ(look(3, 6, "open for 60 s", 2), "");
  EXPECT_EQ(look(3, 6, "", 3), "") << "nobody has asked it yet";
  EXPECT_EQ(look(4, 6, "", 4), "clamd works again");
  EXPECT_EQ(look(5, 6, "", 5), "");
}

TEST_F(FilterWatchTest, OneFailureIsEnoughWhereNothingGoesWellForTenMinutes) {
  EXPECT_EQ(look(0, 1, "", 0), "");
  EXPECT_EQ(look(0, 1, "", 9), "");
  EXPECT_NE(look(0, 1, "", 10), "");
  EXPECT_EQ(look(0, 2, "", 11), "");
  EXPECT_EQ(look(1, 2, "", 12), "clamd works again");
}

TEST_F(FilterWatchTest, AFailureAmongSuccessesIsNobodysBusiness) {
  for (int at = 0; at < 100; ++at)
    EXPECT_EQ(look(static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(at), "", at), "") << at;
}

}  // namespace
}  // namespace guichet::cli
