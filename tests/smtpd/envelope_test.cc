#include "smtpd/envelope.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace guichet::smtpd {
namespace {

TEST(Envelope, ClassesAreReadBack) {
  Envelope envelope;
  envelope.recipient_classes = {RecipientClass::genuine, RecipientClass::repairable};
  const auto json = encode_envelope(envelope);
  EXPECT_NE(json.find(R"("recipient_classes":["GENUINE","REPAIRABLE"])"), std::string::npos) << json;
  EXPECT_EQ(decode_envelope(json).value().recipient_classes, envelope.recipient_classes);
}

TEST(Envelope, ARecordFromBeforeThereWereClasses) {
  const auto read = decode_envelope(R"({"mail_from":"a@b.example","client":"192.0.2.1","client_port":1})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mail_from, "a@b.example");
  EXPECT_TRUE(read->recipient_classes.empty());
  EXPECT_EQ(encode_envelope(*read).find("recipient_classes"), std::string::npos);
}

TEST(Envelope, AClassOfALaterReleaseIsNoDamage) {
  const auto read = decode_envelope(R"({"recipient_classes":["GENUINE","SUPERB"]})");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->recipient_classes.empty());
  EXPECT_FALSE(decode_envelope(R"({"recipient_classes":[1]})"));
}

std::string prefix_for(const std::string& recipient, const std::string& sender = "a@b.example") {
  Envelope envelope;
  envelope.client = "192.0.2.1";
  envelope.helo = "x";
  envelope.protocol = "ESMTP";
  envelope.mail_from = sender;
  return compose_prefix(
      envelope,
      {.hostname = "mx.example.test", .message = {}, .received = {}, .digest = {}, .recipient = recipient});
}

std::string field_of(const std::string& prefix, const std::string& name) {
  const auto begin = prefix.find(name + ": ") + name.size() + 2;
  return prefix.substr(begin, prefix.find("\r\n", begin) - begin);
}

// RFC 5322 3.4.1: what is no atom is quoted, so that one address stays one and opens no comment.
TEST(Trace, AnAddressIsOneAddress) {
  const std::vector<std::pair<std::string, std::string>> written{
      {"foi+request-1-abcdef12@example.test", "foi+request-1-abcdef12@example.test"},
      {"foi+x,foi+request-2-bbbbbbbb@example.test", "\"foi+x,foi+request-2-bbbbbbbb\"@example.test"},
      {"foi+(@example.test", "\"foi+(\"@example.test"},
      {"foi two@example.test", "\"foi two\"@example.test"},
      {"\"foi two\"@example.test", "\"foi two\"@example.test"},
      {"foi\\+x@example.test", "foi+x@example.test"},
      {"a.\"b c\".d@example.test", "\"a.b c.d\"@example.test"},
      {"f\xc3\xbc@example.test", "f\xc3\xbc@example.test"},
      {"foi@example.test;x", "foi@example.test?x"},
      {"foi@[IPv6:::1]", "foi@[IPv6:::1]"},
      {"a@b@example.test", "\"a@b\"@example.test"},
  };
  for (const auto& [address, wanted] : written) {
    const auto prefix = prefix_for(address, address);
    EXPECT_EQ(field_of(prefix, "Envelope-To"), wanted);
    EXPECT_EQ(field_of(prefix, "X-Original-To"), wanted);
    EXPECT_EQ(field_of(prefix, "Return-Path"), "<" + wanted + ">");
    EXPECT_NE(prefix.find("for <" + wanted + ">"), std::string::npos) << prefix;
  }
  EXPECT_EQ(field_of(prefix_for("foi@example.test", ""), "Return-Path"), "<>");
}

}  // namespace
}  // namespace guichet::smtpd
