#include "store/types.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <unordered_set>

#include "store/hash.h"

namespace guichet::store {
namespace {

TEST(Digest, TextIsLowerCaseHex) {
  Digest digest;
  digest.octets[0] = 0x0A;
  digest.octets[31] = 0xFF;
  const std::string text = "0a" + std::string(60, '0') + "ff";
  EXPECT_EQ(digest.hex(), text);
  EXPECT_EQ(Digest::from_hex(text), digest);
}

TEST(Digest, OnlyItsOwnTextIsRead) {
  const std::string zeros(62, '0');
  EXPECT_TRUE(Digest::from_hex(zeros + "00"));
  for (const std::string end : {"", "0", "000", "0g", "0A", " 0", "-1", "0x"})
    EXPECT_FALSE(Digest::from_hex(zeros + end)) << end;
}

TEST(Digest, HashesDiffer) {
  EXPECT_EQ((std::unordered_set<Digest>{sha256("a"), sha256("b"), sha256("a")}.size()), 2u);
}

TEST(Uuid, TextIsThatOfRfc9562) {
  const std::string text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";  // RFC 9562 appendix A.6
  const auto uuid = Uuid::from_text(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->octets[0], 0x01);
  EXPECT_EQ(uuid->octets[15], 0x8f);
  EXPECT_EQ(uuid->text(), text);
}

TEST(Uuid, OnlyItsOwnTextIsRead) {
  for (const std::string text :
       {"", "017f22e279b07cc398c4dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f"})
    EXPECT_FALSE(Uuid::from_text(text)) << text;
}

TEST(Uuid, SortsAsItsText) {
  const auto early = Uuid::from_text("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  const auto late = Uuid::from_text("f17f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_LT(*early, *late);
}

TEST(Instant, TextIsThatOfRfc3339InMicroseconds) {
  EXPECT_EQ(Instant{0}.rfc3339(), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Instant{-1}.rfc3339(), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Instant{1'709'210'096'000'007}.rfc3339(), "2024-02-29T12:34:56.000007Z");
}

TEST(Instant, EveryTextLeadsBack) {
  for (std::int64_t us = -62'167'219'200'000'000; us < 253'402'300'800'000'000;
       us += 7'777'777'777'777'777 / 13) {
    EXPECT_EQ(Instant::from_rfc3339(Instant{us}.rfc3339()), Instant{us}) << us;
  }
}

TEST(Instant, WhatHasNoTextShowsTheNearest) {
  EXPECT_EQ(Instant{std::numeric_limits<std::int64_t>::max()}.rfc3339(), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(Instant{std::numeric_limits<std::int64_t>::min()}.rfc3339(), "0000-01-01T00:00:00.000000Z");
}

TEST(Instant, FractionsOfAnyLengthAreRead) {
  EXPECT_EQ(Instant::from_rfc3339("1970-01-01T00:00:01Z"), Instant{1'000'000});
  EXPECT_EQ(Instant::from_rfc3339("1970-01-01T00:00:01.5Z"), Instant{1'500'000});
  EXPECT_EQ(Instant::from_rfc3339("1970-01-01T00:00:01.123456789Z"), Instant{1'123'456});
}

TEST(Instant, WhatIsNoInstantIsNotRead) {
  for (const std::string text :
       {"", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00", "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00ZZ", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z",
        "2023-02-29T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z",
        "-970-01-01T00:00:00Z", "1970-1-01T00:00:00Z", "1970-01-01T00:00:00.12a456Z"})
    EXPECT_FALSE(Instant::from_rfc3339(text)) << text;
}

// FIPS 180-4, the examples of its authors.
TEST(Sha256, KnownDigests) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndWholeAgreeAndFinishBeginsAnew) {
  Sha256 hasher;
  for (int round = 0; round < 2; ++round) {
    hasher.update("a");
    hasher.update("");
    hasher.update("bc");
    EXPECT_EQ(hasher.finish(), sha256("abc"));
  }
  EXPECT_EQ(hasher.finish(), sha256(""));
  Sha256 moved = std::move(hasher);
  moved.update("abc");
  EXPECT_EQ(moved.finish(), sha256("abc"));
}

}  // namespace
}  // namespace guichet::store
