#include "store/warc.h"

#include <gtest/gtest.h>

#include "store/hash.h"

namespace guichet::store {
namespace {

Uuid uuid(std::uint8_t last) {
  Uuid id;
  id.octets[6] = 0x70;
  id.octets[8] = 0x80;
  id.octets[15] = last;
  return id;
}

RecordHeader fact_header() {
  RecordHeader header;
  header.type = RecordType::metadata;
  header.record_id = uuid(3);
  header.date = {.unix_us = 1'780'000'000'123'456};
  header.content_type = "application/json";
  header.content_length = 2;
  header.block_digest = sha256("{}");
  header.refers_to = uuid(2);
  header.warcinfo_id = uuid(1);
  header.batch = 7;
  header.batch_index = 1;
  header.batch_count = 3;
  header.offset = 10240;
  return header;
}

std::vector<RecordHeader> every_type() {
  auto warcinfo = fact_header();
  warcinfo.type = RecordType::warcinfo;
  warcinfo.content_type = "application/warc-fields";
  warcinfo.refers_to.reset();
  warcinfo.warcinfo_id = warcinfo.record_id;
  auto resource = fact_header();
  resource.type = RecordType::resource;
  resource.content_type = "message/rfc822";
  resource.refers_to.reset();
  resource.target = MessageId{uuid(3)};
  auto revisit = resource;
  revisit.type = RecordType::revisit;
  revisit.content_type.clear();
  revisit.content_length = 0;
  revisit.block_digest = sha256({});
  revisit.payload_digest = sha256("octets");
  revisit.refers_to = uuid(4);
  revisit.refers_to_target = MessageId{uuid(4)};
  revisit.refers_to_date = Instant{.unix_us = 1'770'000'000'000'000};
  return {warcinfo, resource, revisit, fact_header()};
}

TEST(Warc, AWorkedExample) {
  auto header = fact_header();
  const auto octets = encode_header(header, Digest{});
  const std::string before =
      "WARC/1.1\r\n"
      "WARC-Type: metadata\r\n"
      "WARC-Record-ID: <urn:uuid:00000000-0000-7000-8000-000000000003>\r\n"
      "WARC-Date: 2026-05-28T20:26:40.123456Z\r\n"
      "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-7000-8000-000000000001>\r\n"
      "WARC-Refers-To: <urn:uuid:00000000-0000-7000-8000-000000000002>\r\n"
      "Content-Type: application/json\r\n"
      "WARC-Block-Digest: sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\r\n"
      "Content-Length: 2\r\n"
      "Guichet-Batch: 7/1/3\r\n"
      "Guichet-Offset: 10240\r\n";
  // SHA-256 over 32 zeros, the lines above, and the empty line; computed by another program.
  const std::string chain = "23e699edec8cfa5d86ed2c3bdc647e988f47a9b180653619d8c3d816a29c922c";
  EXPECT_EQ(header.chain.hex(), sha256(std::string(32, '\0') + before + "\r\n").hex());
  EXPECT_EQ(octets, before + "Guichet-Chain: " + chain + "\r\n\r\n");
}

TEST(Warc, WhatIsWrittenIsRead) {
  const auto previous = sha256("the record before");
  for (auto header : every_type()) {
    const auto octets = encode_header(header, previous);
    EXPECT_LT(octets.size(), 900u);
    const auto decoded = decode_header(octets + "a block and more", previous);
    ASSERT_TRUE(decoded) << decoded.error().text;
    EXPECT_EQ(decoded->header, header);
    EXPECT_EQ(decoded->octets, octets.size());
    EXPECT_EQ(decoded->chain_expected, header.chain);
  }
}

TEST(Warc, AnotherRecordBeforeIsAnotherChain) {
  auto header = fact_header();
  const auto octets = encode_header(header, sha256("a"));
  EXPECT_NE(decode_header(octets, sha256("b"))->chain_expected, header.chain);
}

TEST(Warc, NamesAreReadWithoutCaseAndUnknownFieldsSkipped) {
  auto header = fact_header();
  auto octets = encode_header(header, Digest{});
  octets.replace(octets.find("WARC-Type"), 9, "warc-TYPE");
  octets.insert(octets.find("Content-Type"), "X-Added-Later: something\r\n");
  const auto decoded = decode_header(octets, Digest{});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header, header);
  EXPECT_NE(decoded->chain_expected, header.chain);  // and yet it was altered
}

TEST(Warc, EachTruncationIsRefused) {
  auto header = fact_header();
  const auto octets = encode_header(header, Digest{});
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(decode_header(std::string_view(octets).substr(0, size), Digest{})) << size;
}

TEST(Warc, EachFlippedBitShows) {
  for (auto header : every_type()) {
    const auto octets = encode_header(header, Digest{});
    for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
      auto flipped = octets;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_header(flipped, Digest{});
      EXPECT_TRUE(!decoded || decoded->chain_expected != decoded->header.chain) << "bit " << bit << ":\n"
                                                                                << flipped;
    }
  }
}

TEST(Warc, EachMissingFieldIsRefused) {
  auto header = fact_header();
  const auto octets = encode_header(header, Digest{});
  for (const std::string name :
       {"WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Warcinfo-ID", "WARC-Block-Digest", "Content-Length",
        "Guichet-Batch", "Guichet-Offset", "Guichet-Chain"}) {
    auto without = octets;
    const auto begin = without.find(name + ":");
    without.erase(begin, without.find("\r\n", begin) + 2 - begin);
    EXPECT_FALSE(decode_header(without, Digest{})) << name;
  }
}

TEST(Warc, AHeaderWithoutEndIsNotSearchedForEver) {
  EXPECT_FALSE(decode_header("WARC/1.1\r\n" + std::string(1 << 20, 'a') + "\r\n\r\n", Digest{}));
}

TEST(Warc, NumbersThatAreNoneAreRefused) {
  auto header = fact_header();
  const auto octets = encode_header(header, Digest{});
  const std::string good = "Guichet-Batch: 7/1/3";
  for (const std::string bad :
       {"7/1", "7", "", "7/3/3", "-7/1/3", "7/1/3/", "7/1/99999999999999999999", " 7 /1/3", "/1/3"}) {
    auto altered = octets;
    altered.replace(altered.find(good), good.size(), "Guichet-Batch: " + bad);
    EXPECT_FALSE(decode_header(altered, Digest{})) << bad;
  }
}

}  // namespace
}  // namespace guichet::store
