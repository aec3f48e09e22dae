// The octets of one message on their way in: what they take of the memory that all bodies share.
#include "store/body.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/store/forgetful_disk.h"

namespace guichet::store {
namespace {

class BodyTest : public ::testing::Test {
 protected:
  Body make() { return {memory_, disk_, "/spool/one"}; }

  static std::string octets_of(const Body& body) {
    std::string all(body.spooled_octets(), '\0');
    if (body.spooled()) {
      EXPECT_EQ(*body.read_spool(all, 0), all.size());
    }
    for (const auto piece : body.memory_pieces())
      all += piece;
    return all;
  }

  ForgetfulDisk disk_{"/spool"};
  BodyMemory memory_{1 << 20};
};

TEST_F(BodyTest, AFewOctetsThatDripInTakeNoChunk) {
  auto body = make();
  std::string sent;
  for (std::size_t i = 0; i < Body::beginning_octets_max; ++i) {
    sent += static_cast<char>('a' + i % 26);
    body.append(std::string_view(sent).substr(i));
  }
  EXPECT_EQ(memory_.in_use(), 0U);
  EXPECT_EQ(octets_of(body), sent);
  body.append("!");
  EXPECT_EQ(memory_.in_use(), BodyMemory::chunk_octets);
  EXPECT_EQ(octets_of(body), sent + "!");
}

TEST_F(BodyTest, WhereverItIsCutItIsTheSame) {
  const std::string sent(3 * BodyMemory::chunk_octets, 'x');
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{1}, Body::beginning_octets_max - 1, Body::beginning_octets_max,
        Body::beginning_octets_max + 1, BodyMemory::chunk_octets, sent.size()}) {
    auto whole = make(), two = make();
    whole.append(sent);
    two.append(std::string_view(sent).substr(0, cut));
    two.append(std::string_view(sent).substr(cut));
    EXPECT_EQ(whole.memory_pieces(), two.memory_pieces()) << cut;
  }
  EXPECT_EQ(memory_.in_use(), 0U);
}

TEST_F(BodyTest, WhatComesBehindASpillIsKeptInOrder) {
  auto body = make();
  const std::string large(100'000, 'y');
  body.append("begin ");
  ASSERT_TRUE(body.spill());
  body.append(large);
  ASSERT_TRUE(body.spill());
  EXPECT_EQ(memory_.in_use(), 0U);
  body.append(" end");
  EXPECT_EQ(body.size(), 6 + large.size() + 4);
  EXPECT_EQ(octets_of(body), "begin " + large + " end");
}

}  // namespace
}  // namespace guichet::store
