// How much room there is, and how long an answer holds.
#include "store/room.h"

#include <gtest/gtest.h>

#include "tests/store/forgetful_disk.h"

namespace guichet::store {
namespace {

constexpr std::uint64_t GiB = 1ull << 30;

class SetClock final : public Clock {
 public:
  Instant now() override { return now_; }
  void go(std::int64_t us) { now_.unix_us += us; }

 private:
  Instant now_{1'780'000'000'000'000};
};

class RoomTest : public ::testing::Test {
 protected:
  ForgetfulDisk disk_{"/store"};
  SetClock clock_;
  Room room_{disk_, clock_, "/store", 5};  // of a disk of a mebibyte: the reserve is about 52,000 octets
};

TEST_F(RoomTest, TheReserveIsNotToBeTouched) {
  disk_.set_room(100'000);
  EXPECT_TRUE(room_.holds(40'000));
  EXPECT_FALSE(room_.holds(60'000));
  disk_.set_room(50'000);
  EXPECT_FALSE(room_.holds(0));
}

TEST_F(RoomTest, ThatThereIsLittleIsAskedEachTime) {
  disk_.set_room(GiB);
  EXPECT_TRUE(room_.holds(1));
  disk_.set_room(0);
  EXPECT_FALSE(room_.holds(1));
  disk_.set_room(GiB);
  EXPECT_TRUE(room_.holds(1));
}

TEST_F(RoomTest, ThatThereIsPlentyHoldsForASecond) {
  disk_.set_room(8 * GiB);
  EXPECT_TRUE(room_.holds(1));
  disk_.set_room(0);
  EXPECT_TRUE(room_.holds(1));
  EXPECT_FALSE(room_.holds(6 * GiB));
  disk_.set_room(8 * GiB);
  EXPECT_TRUE(room_.holds(1));
  disk_.set_room(0);
  clock_.go(1'000'000);
  EXPECT_FALSE(room_.holds(1));
}

TEST_F(RoomTest, AClockThatIsSetBackEndsTheSecond) {
  disk_.set_room(8 * GiB);
  EXPECT_TRUE(room_.holds(1));
  disk_.set_room(0);
  clock_.go(-3'600'000'000);
  EXPECT_FALSE(room_.holds(1));
}

TEST_F(RoomTest, FilesHaveAReserveToo) {
  disk_.set_room_for_files(51);  // of 1000: the reserve is 50
  EXPECT_TRUE(room_.holds_a_file());
  disk_.set_room_for_files(50);
  EXPECT_FALSE(room_.holds_a_file());
  disk_.set_room_for_files(0);
  EXPECT_FALSE(room_.holds_a_file());
  disk_.set_room_for_files(900);
  EXPECT_TRUE(room_.holds_a_file());
}

TEST_F(RoomTest, AFileSystemWithoutABoundOfFilesHasRoom) {
  EXPECT_TRUE(room_.holds_a_file());
}

}  // namespace
}  // namespace guichet::store
