#include "store/batch.h"

#include <gtest/gtest.h>

#include "store/facts.h"
#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

class BatchTest : public ::testing::Test {
 protected:
  Body body_of(const std::string& octets, std::size_t spool = 0) {
    Body body(memory_, disk_, "/spool/" + std::to_string(bodies_++));
    body.append(std::string_view(octets).substr(0, spool));
    if (spool > 0) {
      EXPECT_TRUE(body.spill());
    }
    body.append(std::string_view(octets).substr(spool));
    return body;
  }

  Append append_of(const Mail& mail, std::size_t spool = 0) {
    return {
        .body = Append::NewMessage{mail.message, clock_.now(), mail.digest(), body_of(mail.octets, spool)},
        .facts = facts_of(mail, clock_.now()),
        .done = nullptr};
  }

  // The octets of a volume that holds this one batch.
  std::string encode(const std::vector<Append>& appends) {
    BatchPosition position{.end = {1, 0}, .chain = {}, .warcinfo_id = ids_.mint(clock_.now()), .batch = 0};
    auto octets = encode_warcinfo(position, encode_volume_info({}, 1), clock_.now());
    Batch batch(position, clock_, ids_, equal_, appends);
    for (const auto& segment : batch.segments()) {
      for (const auto& piece : segment.pieces)
        octets.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      if (segment.spool) octets += spool_of(*segment.spool);
    }
    EXPECT_EQ(octets.size(), batch.end().end.offset);
    news_ = batch.take_news();
    return octets;
  }

  static std::string spool_of(const Body& body) {
    std::string octets(body.spooled_octets(), '\0');
    EXPECT_EQ(body.read_spool(octets, 0).value(), octets.size());
    return octets;
  }

  static std::vector<RecordType> types_of(const Scanned& scanned) {
    std::vector<RecordType> types;
    for (const auto& record : scanned.records)
      types.push_back(record.header.type);
    return types;
  }

  Mail mail(const std::string& text) { return new_mail(clock_, ids_, mail_text(text)); }

  ForgetfulDisk disk_{"/spool"};
  SteadyClock clock_;
  CountingIds ids_;
  BodyMemory memory_{1 << 24};
  EqualBody equal_ = [](const Digest&, const Body&) { return std::nullopt; };
  std::vector<News> news_;
  int bodies_ = 0;
};

using enum RecordType;

TEST_F(BatchTest, AMessageAndItsFacts) {
  const auto one = mail("one");
  std::vector<Append> appends;
  appends.push_back(append_of(one));
  const auto octets = encode(appends);
  const auto scanned = scan_octets(octets);
  ASSERT_TRUE(scanned.result.flaws.empty());
  EXPECT_TRUE(scanned.result.last_batch_is_whole);
  ASSERT_EQ(types_of(scanned), (std::vector{warcinfo, resource, metadata, metadata}));
  const auto& body = scanned.records[1];
  EXPECT_EQ(octets.substr(body.block_offset, one.octets.size()), one.octets);
  EXPECT_EQ(body.header.record_id, one.message.uuid);
  EXPECT_EQ(body.header.target, one.message);
  for (std::size_t i = 1; i < scanned.records.size(); ++i) {
    EXPECT_EQ(scanned.records[i].header.batch, 1u);
    EXPECT_EQ(scanned.records[i].header.batch_index, i - 1);
    EXPECT_EQ(scanned.records[i].header.batch_count, 3u);
    EXPECT_EQ(scanned.records[i].header.offset, scanned.records[i].place.offset);
  }
  EXPECT_EQ(decode_fact(scanned.records[2].block).value(), appends[0].facts[0]);
  EXPECT_EQ(decode_fact(scanned.records[3].block).value(), appends[0].facts[1]);
  ASSERT_EQ(news_.size(), 3u);
  EXPECT_EQ(std::get<NewBody>(news_[0]).place.offset, body.block_offset);
  EXPECT_EQ(std::get<NewFact>(news_[1]).place, scanned.records[2].place);
}

TEST_F(BatchTest, TheSameOctetsInOneBatchAreARevisit) {
  const auto first = mail("same"), second = mail("same");
  std::vector<Append> appends;
  appends.push_back(append_of(first));
  appends.push_back(append_of(second));
  const auto scanned = scan_octets(encode(appends));
  ASSERT_TRUE(scanned.result.flaws.empty());
  ASSERT_EQ(types_of(scanned),
            (std::vector{warcinfo, resource, metadata, metadata, revisit, metadata, metadata}));
  const auto& again = scanned.records[4].header;
  EXPECT_EQ(again.target, second.message);
  EXPECT_EQ(again.payload_digest, first.digest());
  EXPECT_EQ(again.refers_to, first.message.uuid);
  EXPECT_EQ(again.refers_to_target, first.message);
  EXPECT_EQ(again.refers_to_date, scanned.records[1].header.date);
}

// A digest that says "the same" is not believed: the octets are.
TEST_F(BatchTest, OtherOctetsOfTheSameDigestAreKept) {
  auto first = mail("same"), second = mail("other");
  std::vector<Append> appends;
  appends.push_back(append_of(first));
  appends.push_back(append_of(second));
  appends[1].body->digest = first.digest();
  std::vector<RecordType> types;
  const OctetFile file(encode(appends));
  ASSERT_TRUE(scan_volume(file, 1, {.read_bodies = false}, [&types](const ScannedRecord& record) {
    types.push_back(record.header.type);
    return Result<void>();
  }));
  EXPECT_EQ(types[4], resource);
}

TEST_F(BatchTest, AnEarlierEqualBodyIsReferredTo) {
  const auto one = mail("one");
  const BodyPlace earlier{
      .volume = 1, .offset = 99, .size_octets = 1, .message = {ids_.mint({})}, .date = {}};
  equal_ = [earlier](const Digest&, const Body&) { return earlier; };
  std::vector<Append> appends;
  appends.push_back(append_of(one));
  const auto scanned = scan_octets(encode(appends));
  ASSERT_EQ(types_of(scanned), (std::vector{warcinfo, revisit, metadata, metadata}));
  EXPECT_EQ(scanned.records[1].header.refers_to, earlier.message.uuid);
}

TEST_F(BatchTest, SpooledBodiesOfEverySplit) {
  const auto text = mail_text(std::string(100'000, 's'));
  for (const std::size_t spool : {std::size_t{1}, BodyMemory::chunk_octets - 1, BodyMemory::chunk_octets,
                                  BodyMemory::chunk_octets + 1, text.size() - 1, text.size()}) {
    const auto before = mail("before"), after = mail("after");
    const auto spooled = new_mail(clock_, ids_, text);
    std::vector<Append> appends;
    appends.push_back(append_of(before));
    appends.push_back(append_of(spooled, spool));
    appends.push_back(append_of(after));
    const auto octets = encode(appends);
    const auto scanned = scan_octets(octets);
    ASSERT_TRUE(scanned.result.flaws.empty()) << spool;
    ASSERT_EQ(scanned.result.records, 10u);
    EXPECT_EQ(octets.substr(scanned.records[4].block_offset, text.size()), text);
  }
}

TEST_F(BatchTest, AnEmptyMessageAndFactsAlone) {
  const auto empty = new_mail(clock_, ids_, "");
  std::vector<Append> appends;
  appends.push_back(append_of(empty));
  appends.push_back(hand_over(clock_, {{empty.message, empty.uids[0]}}));
  const auto scanned = scan_octets(encode(appends));
  ASSERT_TRUE(scanned.result.flaws.empty());
  EXPECT_EQ(types_of(scanned), (std::vector{warcinfo, resource, metadata, metadata, metadata}));
}

TEST_F(BatchTest, TheSpoolFileGoesWithTheBody) {
  {
    auto body = body_of(std::string(1000, 'x'), 500);
    EXPECT_TRUE(disk_.content("/spool/0"));
    const Body moved = std::move(body);
    EXPECT_EQ(moved.size(), 1000u);
    EXPECT_TRUE(disk_.content("/spool/0"));
  }
  EXPECT_FALSE(disk_.content("/spool/0"));
  EXPECT_EQ(memory_.in_use(), 0u);
}

TEST_F(BatchTest, ASpillThatFailedIsTriedAgain) {
  Body body(memory_, disk_, "/spool/again");
  body.append("first half, ");
  disk_.set_room(3);
  const auto failed = body.spill();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::no_space);
  disk_.set_room(1000);
  ASSERT_TRUE(body.spill());
  body.append("second half");
  ASSERT_TRUE(body.spill());
  EXPECT_EQ(spool_of(body), "first half, second half");
}

}  // namespace
}  // namespace guichet::store
