#include "popd/guesses.h"

#include <gtest/gtest.h>

#include <vector>

namespace guichet::popd {
namespace {

using std::chrono::seconds;

const Caller stranger{.place = "192.0.2.1", .near = false};
const Caller neighbour{.place = "127.0.0.1", .near = true};
const Guesses::Clock::time_point start{};

std::vector<seconds> delays(Guesses& guesses, const Caller& caller, int count) {
  std::vector<seconds> found;
  for (int i = 0; i < count; ++i)
    found.push_back(std::chrono::duration_cast<seconds>(guesses.failed(caller, start).held_back));
  return found;
}

TEST(Guesses, AnswersComeLaterEachTime) {
  const std::vector<seconds> longer{seconds(2), seconds(4), seconds(8), seconds(15), seconds(15)};
  Guesses guesses({});
  EXPECT_EQ(delays(guesses, stranger, 5), longer);
  EXPECT_EQ(delays(guesses, {"192.0.2.2", false}, 1).front(), seconds(2)) << "each place by itself";
  EXPECT_EQ(delays(guesses, neighbour, 5), longer) << "near or not";
  EXPECT_EQ(delays(guesses, neighbour, 1000).back(), seconds(15));
  Guesses at_once({.delay_max = seconds(0)});
  EXPECT_EQ(delays(at_once, stranger, 2), (std::vector<seconds>{seconds(0), seconds(0)}));
}

TEST(Guesses, ManyLockAStrangerForAWhile) {
  Guesses guesses({.failures_max = 3, .lock = seconds(60)});
  EXPECT_FALSE(guesses.failed(stranger, start).locks);
  EXPECT_FALSE(guesses.failed(stranger, start).locks);
  EXPECT_FALSE(guesses.locked(stranger, start));
  EXPECT_TRUE(guesses.failed(stranger, start).locks);
  EXPECT_TRUE(guesses.locked(stranger, start));
  EXPECT_FALSE(guesses.locked({"192.0.2.2", false}, start));
  EXPECT_FALSE(guesses.failed(stranger, start).locks) << "told once, though more were under way";
  EXPECT_TRUE(guesses.locked(stranger, start + seconds(59)));
  EXPECT_FALSE(guesses.locked(stranger, start + seconds(60)));
  EXPECT_EQ(guesses.failed(stranger, start + seconds(60)).held_back, seconds(2)) << "and forgotten";
  EXPECT_FALSE(guesses.locked(stranger, start + seconds(60)));
}

TEST(Guesses, WhoIsNearIsNeverLocked) {
  Guesses guesses({.failures_max = 3});
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(guesses.failed(neighbour, start).locks);
  EXPECT_FALSE(guesses.locked(neighbour, start));
  Guesses never({.failures_max = 0});
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(never.failed(stranger, start).locks);
  EXPECT_FALSE(never.locked(stranger, start));
}

TEST(Guesses, RemembersSoManyPlacesAndNoMore) {
  Guesses guesses({.failures_max = 2});
  const auto place = [](std::size_t number) { return Caller{std::to_string(number), false}; };
  for (std::size_t i = 0; i < Guesses::places_max; ++i)
    (void)guesses.failed(place(i), start);
  (void)guesses.failed(place(0), start);
  EXPECT_TRUE(guesses.locked(place(0), start));
  (void)guesses.failed({"one more", false}, start);  // makes 1, the oldest now, forgotten
  EXPECT_TRUE(guesses.locked(place(0), start)) << "it failed since";
  EXPECT_EQ(guesses.failed(place(1), start).held_back, seconds(2));
  EXPECT_EQ(guesses.failed(place(3), start).held_back, seconds(4));
}

}  // namespace
}  // namespace guichet::popd
