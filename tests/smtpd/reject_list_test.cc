#include "smtpd/reject_list.h"

#include <gtest/gtest.h>

#include <string>

namespace guichet::smtpd {
namespace {

TEST(RejectList, AsGeneratedForPostfix) {
  const RejectList list(
      "foi+request-14-e0e09f97@example.test REJECT\nfoi+request-1-6d5ed5da@example.test REJECT\n");
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.contains("foi+request-14-e0e09f97@example.test"));
  EXPECT_TRUE(list.contains("FOI+Request-1-6D5ED5DA@Example.Test"));
  EXPECT_FALSE(list.contains("foi+request-14-e0e09f9@example.test"));
  EXPECT_FALSE(list.contains(""));
  EXPECT_EQ(list.flaws(), 0U);
}

TEST(RejectList, AsGeneratedForExim) {
  const RejectList list("foi+request-14-e0e09f97@example.test\nfoi+request-1-6d5ed5da@example.test");
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.contains("foi+request-1-6d5ed5da@example.test")) << "the last line needs no end";
}

TEST(RejectList, WrittenByHand) {
  const RejectList list("# closed\r\n\r\n  A@X.test\tReject this one is closed\r\n\na@x.test\nB@x.test");
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.contains("a@x.test"));
  EXPECT_TRUE(list.contains("b@x.test"));
  EXPECT_EQ(list.flaws(), 0U);
}

TEST(RejectList, WhatSaysSomethingElseListsNobody) {
  const RejectList list("a@x.test REJECT\nb@x.test OK\nx.test REJECT\n@x.test\nc@\n");
  EXPECT_EQ(list.size(), 1U);
  EXPECT_FALSE(list.contains("b@x.test"));
  EXPECT_EQ(list.flaws(), 4U);
  EXPECT_EQ(list.first_flaw(), 2U);
}

TEST(RejectList, NothingAtAll) {
  EXPECT_FALSE(RejectList().contains("a@x.test"));
  EXPECT_EQ(RejectList("\n\n").size(), 0U);
  EXPECT_TRUE(RejectList("a@x").same_as(RejectList("A@x")));
  EXPECT_FALSE(RejectList("a@x").same_as(RejectList("b@x")));
}

TEST(RejectList, IsReplacedUnderWhoeverReadsIt) {
  CurrentRejectList current;
  const auto before = current.get();
  current.set(std::make_shared<RejectList>("a@x.test"));
  EXPECT_FALSE(before->contains("a@x.test"));
  EXPECT_TRUE(current.get()->contains("a@x.test"));
}

}  // namespace
}  // namespace guichet::smtpd
