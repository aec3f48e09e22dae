// What the other side's words mean, and what goes on by SMTP.
#include <gtest/gtest.h>

#include "handover/action_mailbox.h"
#include "handover/smtp_route.h"

namespace guichet::handover {
namespace {

using Kind = Outcome::Kind;

TEST(StatusOfHttp, NoContentAloneIsAYes) {
  EXPECT_EQ(meaning_of_status(204), Kind::taken);
  for (const long status : {200, 201, 202, 301, 302})
    EXPECT_EQ(meaning_of_status(status), Kind::unreachable);
}

TEST(StatusOfHttp, NoneIsForGood) {
  for (long status = 100; status < 600; ++status)
    EXPECT_NE(meaning_of_status(status), Kind::refused_for_good) << status;
}

TEST(StatusOfHttp, SomeAreAboutTheMessageAndSomeAboutAll) {
  for (const long status : {408, 413, 422, 500})
    EXPECT_EQ(meaning_of_status(status), Kind::refused_for_now);
  for (const long status : {401, 403, 404, 405, 415, 429, 501, 502, 503, 504})
    EXPECT_EQ(meaning_of_status(status), Kind::unreachable) << status;
}

TEST(Route, TheReturnPathIsTheLastServersToAdd) {
  EXPECT_EQ(without_return_path("Return-Path: <a@b>\r\nReceived: x\r\n\r\n"), "Received: x\r\n\r\n");
  EXPECT_EQ(without_return_path("Received: x\r\n\r\n"), "Received: x\r\n\r\n");
}

TEST(Route, KnowsACircle) {
  const std::string own = "Received: from x by mx.example.test with SMTP;\r\n\tMon\r\n";
  const std::string folded = "Received: from x\r\n\tby mx.example.test (Guichet);\r\n\tMon\r\n";
  const std::string other = "Received: from x by other.example; Mon\r\n";
  EXPECT_FALSE(goes_in_circles(own + "Subject: by mx.example.test\r\n\r\n", "mx.example.test"));
  EXPECT_FALSE(goes_in_circles(own + folded + "\r\n", "mx.example.test"));
  EXPECT_TRUE(goes_in_circles(own + folded + own + "\r\n", "mx.example.test"));
  EXPECT_FALSE(goes_in_circles(own + "\r\n" + own + own, "mx.example.test"))
      << "what the body says does not count";
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += other;
  EXPECT_FALSE(goes_in_circles(many + "\r\n", "mx.example.test"));
  EXPECT_TRUE(goes_in_circles(many + other + "\r\n", "mx.example.test"));
}

}  // namespace
}  // namespace guichet::handover
