#include "store/next_batch.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/store/forgetful_disk.h"

namespace guichet::store {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class NextBatchTest : public testing::Test {
 protected:
  // The octets are its name; 0: facts only.
  void wait(std::uint64_t octets) {
    Append append{.body = std::nullopt, .facts = {}, .done = nullptr};
    if (octets > 0) {
      Body body(memory_, disk_, "/spool/x");
      body.append(std::string(octets, 'x'));
      append.body.emplace(Append::NewMessage{{}, {}, {}, std::move(body)});
    }
    waiting_.push_back(std::move(append));
  }
  std::vector<std::uint64_t> next() {
    std::vector<Append> taken;
    next_batch(waiting_, taken);
    return octets_of(taken);
  }
  static std::vector<std::uint64_t> octets_of(const std::vector<Append>& appends) {
    std::vector<std::uint64_t> all;
    for (const auto& append : appends)
      all.push_back(body_octets(append));
    return all;
  }

  static constexpr std::uint64_t large = small_octets_max + 1, huge = 20 << 20;
  ForgetfulDisk disk_{"/spool"};
  BodyMemory memory_{1ull << 40};
  std::vector<Append> waiting_;
};

TEST_F(NextBatchTest, AllOfALittleInItsOrder) {
  for (const std::uint64_t octets : {5, 0, 7, 6})
    wait(octets);
  EXPECT_THAT(next(), ElementsAre(5, 0, 7, 6));
  EXPECT_THAT(next(), SizeIs(0));
}

TEST_F(NextBatchTest, TheSmallDoNotWaitForTheLarge) {
  for (const std::uint64_t octets : {huge, huge + 1, huge + 2, std::uint64_t{1}, large, std::uint64_t{2}})
    wait(octets);
  EXPECT_THAT(next(), ElementsAre(1, 2, huge, huge + 1));
  wait(3);
  EXPECT_THAT(next(), ElementsAre(3, huge + 2, large));
}

TEST_F(NextBatchTest, AndTheLargeDoNotStarve) {
  wait(huge);
  for (std::size_t i = 0; i < 2 * batch_appends_max; ++i)
    wait(1);
  const auto first = next();
  EXPECT_THAT(first, SizeIs(batch_appends_max));
  EXPECT_EQ(first.back(), huge);
  EXPECT_THAT(next(), SizeIs(batch_appends_max));
  EXPECT_THAT(next(), SizeIs(1));
}

TEST_F(NextBatchTest, OneOfEachMeasureAlthoughTheSmallFillIt) {
  wait(large);
  for (int i = 0; i < 40; ++i)
    wait(small_octets_max);
  const auto first = next();
  EXPECT_THAT(first, SizeIs(33));
  EXPECT_EQ(first.back(), large);
}

}  // namespace
}  // namespace guichet::store
