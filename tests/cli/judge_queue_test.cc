#include "cli/judge_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace guichet::cli {
namespace {

using store::MessageId;
using testing::ElementsAre;

MessageId message(unsigned number) {
  MessageId id;
  id.uuid.octets.back() = static_cast<std::uint8_t>(number);
  return id;
}

class JudgeQueueTest : public testing::Test {
 protected:
  JudgeQueue queue{[this] { return in_index; }, 4};
  std::vector<MessageId> in_index;
  std::stop_source stop;

  unsigned taken() {
    const auto item = queue.take(stop.get_token());
    queue.done(*item);
    return item->uuid.octets.back();
  }
};

TEST_F(JudgeQueueTest, GivesInOrderAndWhoIsWaitedForFirst) {
  for (const unsigned n : {1, 2, 3})
    queue.add(message(n));
  queue.add_first(message(9));
  queue.add_first(message(8));
  EXPECT_THAT((std::vector{taken(), taken(), taken(), taken(), taken()}), ElementsAre(9, 8, 1, 2, 3));
}

TEST_F(JudgeQueueTest, GivesEachOnceHoweverOftenItIsAdded) {
  queue.add(message(1));
  queue.add(message(1));
  const auto item = queue.take(stop.get_token());
  queue.add(message(1));
  EXPECT_EQ(queue.size(), 0u) << "it is being judged";
  queue.done(*item);
  queue.add(message(1));
  EXPECT_EQ(queue.size(), 1u);
}

TEST_F(JudgeQueueTest, WhatDoesNotFitIsHadFromTheIndex) {
  for (const unsigned n : {1, 2, 3, 4, 5, 6})
    queue.add(message(n));
  EXPECT_EQ(queue.size(), 4u);
  for (const unsigned n : {1, 2, 3, 4})
    EXPECT_EQ(taken(), n);
  in_index = {message(5), message(6)};
  EXPECT_THAT((std::vector{taken(), taken()}), ElementsAre(5, 6));
}

TEST_F(JudgeQueueTest, LooksInTheIndexWhenItIsTold) {
  in_index = {message(7)};
  queue.look_in_index();
  EXPECT_EQ(taken(), 7);
}

TEST_F(JudgeQueueTest, WhatWaitsComesBackOnce) {
  queue.add(message(1));
  auto item = queue.take(stop.get_token());
  queue.add_later(*item, JudgeQueue::Clock::now());
  queue.done(*item);
  queue.add(message(1));
  item = queue.take(stop.get_token());
  queue.done(*item);
  EXPECT_EQ(queue.size(), 0u);
}

TEST_F(JudgeQueueTest, WhatWaitsTakesNoRoomFromWhatIsNew) {
  for (const unsigned n : {1, 2, 3, 4})
    queue.add_later(message(n), JudgeQueue::Clock::now() + std::chrono::hours(1));
  queue.add(message(9));
  EXPECT_EQ(taken(), 9u);
  queue.add_later(message(5), JudgeQueue::Clock::now() + std::chrono::hours(1));
  EXPECT_EQ(taken(), 5u) << "one too many: it does not wait";
}

// Several wait for the same moment, and the first to wake takes away what the others look at.
TEST_F(JudgeQueueTest, ThreadsThatWaitForOneMomentEachGetTheirs) {
  const auto soon = JudgeQueue::Clock::now() + std::chrono::milliseconds(20);
  std::atomic<int> left = 3;
  {
    std::vector<std::jthread> takers;
    for (int i = 0; i < 3; ++i)
      takers.emplace_back([&] {
        while (const auto message = queue.take(stop.get_token())) {
          queue.done(*message);
          if (--left == 0) stop.request_stop();
        }
      });
    queue.add_later(message(9), soon + std::chrono::hours(1));
    for (const unsigned n : {1, 2, 3})
      queue.add_later(message(n), soon + std::chrono::milliseconds(n));
  }
  EXPECT_EQ(left, 0);
}

TEST_F(JudgeQueueTest, AStopWakesWhoeverWaits) {
  queue.add_later(message(1), JudgeQueue::Clock::now() + std::chrono::hours(1));
  std::jthread taker([this] { EXPECT_FALSE(queue.take(stop.get_token())); });
  stop.request_stop();
}

TEST_F(JudgeQueueTest, ManyThreadsGetEachMessageOnce) {
  constexpr int messages = 200;
  JudgeQueue large([] { return std::vector<MessageId>(); });
  std::array<std::atomic<int>, messages> times{};
  std::atomic<int> left = messages;
  {
    std::vector<std::jthread> takers;
    for (int i = 0; i < 3; ++i)
      takers.emplace_back([&] {
        while (const auto item = large.take(stop.get_token())) {
          ++times.at(item->uuid.octets.back());
          large.done(*item);
          if (--left == 0) stop.request_stop();
        }
      });
    for (int n = 0; n < messages; ++n)
      large.add(message(static_cast<unsigned>(n)));
  }
  EXPECT_TRUE(std::ranges::all_of(times, [](const auto& n) { return n == 1; }));
}

}  // namespace
}  // namespace guichet::cli
