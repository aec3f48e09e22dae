#include "smtpd/envelope.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace guichet::smtpd
