#include "popd/sasl_plain.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

// RFC 4648 section 10
TEST(SaslPlain, Base64Vectors) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("/+8A"), std::string("\xFF\xEF\0", 3));
}

TEST(SaslPlain, Base64IsStrict) {
  for (const char* bad : {"=", "==", "===", "====", "A", "AA", "AAA", "A===", "AA=A", "Zh==", "Zm9=", "Zm9v ",
                          " Zm9v", "Zm9v\r", "Zm-_", "Zg==Zg=="}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  }
}

TEST(SaslPlain, NameAndPassword) {
  const auto credentials = decode_plain("AGZvaQBzZWNyZXQ=");  // NUL foi NUL secret
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->user, "foi");
  EXPECT_EQ(credentials->password, "secret");
}

TEST(SaslPlain, OnlyForOneself) {
  EXPECT_TRUE(decode_plain("Zm9pAGZvaQBzZWNyZXQ="));   // foi NUL foi NUL secret
  EXPECT_FALSE(decode_plain("cm9vdABmb2kAc2VjcmV0"));  // root NUL foi NUL secret
}

TEST(SaslPlain, ExactlyTwoNulsAndNothingEmpty) {
  for (const char* bad :
       {"", "=", "Zm9p", "Zm9pAHNlY3JldA==", "AGZvaQA=", "AABzZWNyZXQ=", "AAA=", "AGZvaQBzZWNyAGV0"}) {
    EXPECT_FALSE(decode_plain(bad)) << bad;
  }
}

}  // namespace
}  // namespace guichet::popd
