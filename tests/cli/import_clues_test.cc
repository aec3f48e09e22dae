#include "cli/import_clues.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

const IsOurs ours = [](const std::string& address) {
  return address.starts_with("foi") && address.ends_with("@example.test");
};

std::string recipient(std::string_view head) {
  return recipient_of(header_fields(head), ours).value_or("none");
}

TEST(ImportClues, ATraceFieldWinsOverWhatTheSenderWrote) {
  EXPECT_EQ(recipient("To: foi+request-1-aaaaaaaa@example.test\r\nEnvelope-To: foi+c@example.test\r\n"
                      "Delivered-To: foi+b@example.test\r\nX-Original-To: <foi+a@example.test>\r\n\r\n"),
            "foi+a@example.test");
  EXPECT_EQ(recipient("Envelope-To: foi+c@example.test\nDelivered-To: foi+b@example.test\n\n"),
            "foi+b@example.test");
  EXPECT_EQ(recipient("To: foi+request-1-aaaaaaaa@example.test\nEnvelope-To: foi+c@example.test\n\n"),
            "foi+c@example.test");
}

TEST(ImportClues, TheTopmostOfAFieldCountsAndOnlyOurAddressesDo) {
  EXPECT_EQ(recipient("Delivered-To: popfoi@host.example.net\nDelivered-To: foi+a@example.test\n"
                      "Delivered-To: foi+b@example.test\n\n"),
            "foi+a@example.test");
}

TEST(ImportClues, InToAndCcOnlyARequestAddressCounts) {
  EXPECT_EQ(recipient("To: foi@example.test, \"R\" <FOI@example.net>\n"
                      "Cc: A B <x@y.example>,\n\tfoi+request-7-0badcafe@example.test\n\n"),
            "foi+request-7-0badcafe@example.test");
  EXPECT_EQ(recipient("To: foi@example.test\n\nTo: foi+request-7-0badcafe@example.test\n"), "none");
  EXPECT_EQ(recipient("To: 'foi+request-7-0badcafe@example.test'.\n\n"),
            "foi+request-7-0badcafe@example.test");
}

TEST(ImportClues, TheSenderIsTheTopmostReturnPath) {
  EXPECT_EQ(sender_of(header_fields("Return-Path: <a@b.example>\nReturn-Path: <c@d.example>\n\n")),
            "a@b.example");
  EXPECT_EQ(sender_of(header_fields("Return-Path: <>\n\n")), "");
}

TEST(ImportClues, TheDateOfAMaildir) {
  const store::Instant file{1'500'000'000'000'000}, now{1'700'000'000'000'000};
  const auto fields = header_fields("Received: by x; 3 Oct 2012 16:39:38 +0000\n\n");
  const auto at = [&](std::string_view name, const std::vector<HeaderField>& with) {
    return date_in_maildir(name, with, file, now).at.rfc3339().substr(0, 10);
  };
  EXPECT_EQ(at("1400000000.M1P2.host", fields), "2014-05-13");
  EXPECT_EQ(at("9999999999.M1P2.host", fields), "2012-10-03") << "of tomorrow";
  EXPECT_EQ(at("12.M1P2.host", fields), "2012-10-03");
  EXPECT_EQ(at("msg", {}), "2017-07-14");
}

TEST(ImportClues, AFromLineHasNoZoneButTheReceivedFieldDoes) {
  const std::string line = "From a@b.example Wed Oct  3 18:39:38 2012";
  const auto near = header_fields("Received: by x; 3 Oct 2012 18:39:38 +0200\n\n");
  const auto far = header_fields("Received: by x; 3 Oct 2009 18:39:38 +0200\n\n");
  EXPECT_EQ(date_in_mbox(line, near).at.rfc3339(), "2012-10-03T16:39:38.000000Z");
  EXPECT_EQ(date_in_mbox(line, far).at.rfc3339(), "2012-10-03T18:39:38.000000Z");
  EXPECT_EQ(date_in_mbox(line, {}).at.rfc3339(), "2012-10-03T18:39:38.000000Z");
}

TEST(HeaderFields, AnyLineEndsAndWhatIsNoFieldEndsThem) {
  const auto fields = header_fields("From x Wed\nA: 1\r\r\n b\rC :2\n\tc\r\nno field here\nD: 3\n");
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].value, "1 b");
  EXPECT_EQ(fields[1].name, "c");
  EXPECT_EQ(fields[1].value, "2 c");
}

TEST(HeaderFields, MessageIdsAreComparedWithoutTheirBrackets) {
  EXPECT_EQ(bare_message_id(" <a@b> (c)"), "a@b");
  EXPECT_EQ(bare_message_id("no brackets here"), "no");
  EXPECT_EQ(bare_message_id("<a"), "<a");
  EXPECT_EQ(bare_message_id("  "), "");
}

}  // namespace
}  // namespace guichet::cli
