#include "net/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace guichet::net {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& count : all_counts())
    all.push_back(count.name);
  return all;
}

TEST(Counters, OfOneNameAreOne) {
  auto& one = counter("test.one");
  counter("test.one").add(3);
  one.add();
  EXPECT_EQ(&counter("test.one"), &one);
  EXPECT_EQ(one.value(), 4u);
}

TEST(Counters, AreThereFromTheirFirstMention) {
  (void)counter("test.mentioned");
  EXPECT_THAT(names(), testing::Contains("test.mentioned"));
  EXPECT_TRUE(std::ranges::is_sorted(names()));
}

TEST(Counters, LoseNothingBetweenThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 10'000; ++n)
        counter("test.shared").add();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(counter("test.shared").value(), 40'000u);
}

}  // namespace
}  // namespace guichet::net
