#include "cli/pasted_id.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

const std::string id = "019ac5f0-1a2b-7c3d-8e4f-0123456789ab";
const std::string digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

std::string read(std::string_view text) {
  const auto pasted = pasted_id(text);
  return pasted ? *pasted : "none: " + pasted.error().text;
}

TEST(PastedId, IdsWholeAndShortened) {
  EXPECT_EQ(read(id), id);
  EXPECT_EQ(read("019AC5F01A2B7C3D8E4F0123456789AB"), "019ac5f01a2b7c3d8e4f0123456789ab");
  EXPECT_EQ(read("019ac5"), "019ac5");
  EXPECT_EQ(read("019ac5f0-1"), "019ac5f0-1");
  EXPECT_EQ(read(" \t<" + id + ">\r\n"), id);
}

TEST(PastedId, Digests) {
  EXPECT_EQ(read(digest), digest);
  EXPECT_EQ(read("SHA256:" + digest), "sha256:" + digest);
  EXPECT_EQ(read("sha256:ca9781"), "sha256:ca9781");
}

TEST(PastedId, LinesOfTheServedForm) {
  EXPECT_EQ(read("X-Guichet-Id: " + id + "\r\n"), id);
  EXPECT_EQ(read("  x-guichet-id:<" + id + ">"), id);
  EXPECT_EQ(read("X-Guichet-Digest: sha256:" + digest), "sha256:" + digest);
}

TEST(PastedId, TooShortSaysSo) {
  for (const auto* text : {"", "  ", "<>", "019ac", "0-1-9-a-c", "sha256:", "sha256:ca978", "X-Guichet-Id:"})
    EXPECT_NE(read(text).find("is too short"), std::string::npos) << text;
}

// A field that strangers may write says nothing about which message is meant.
TEST(PastedId, AnythingElseIsNone) {
  for (const auto* text :
       {"no-such-id", "019ac5g0", "Message-ID: <019ac5f0@x>", "X-Inbound-X-Guichet-Id: 019ac5f0",
        "019ac5f0 019ac5f1", "md5:019ac5f0", "019ac5f0\xc2\xa0"})
    EXPECT_NE(read(text).find("is neither a message id nor a digest"), std::string::npos) << text;
}

}  // namespace
}  // namespace guichet::cli
