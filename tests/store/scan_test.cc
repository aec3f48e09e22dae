// Volumes with something wrong in them: each truncation, each flipped bit, and mails that look like records.
#include "store/scan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

std::vector<std::uint64_t> ends_of(const Scanned& scanned) {
  std::vector<std::uint64_t> ends{0};
  for (const auto& record : scanned.records)
    ends.push_back(record.end);
  return ends;
}

TEST(Scan, ASoundVolume) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two"), mail_text("three")});
  const auto scanned = scan_octets(volume.octets());
  EXPECT_TRUE(scanned.result.flaws.empty());
  EXPECT_EQ(scanned.result.end, volume.octets().size());
  EXPECT_EQ(scanned.result.records, 10u);
  EXPECT_EQ(scanned.result.last_batch, 2u);
  EXPECT_EQ(scanned.result.last_batch_begin, scanned.records[4].place.offset);
  EXPECT_EQ(scanned.result.last_batch_end, scanned.result.end);
  EXPECT_TRUE(scanned.result.last_batch_is_whole);
  EXPECT_TRUE(scanned.result.tail_is_zero);
}

TEST(Scan, ZerosAtTheEndAreNoFlaw) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  const auto scanned = scan_octets(volume.octets() + std::string(3 << 20, '\0'));
  EXPECT_TRUE(scanned.result.flaws.empty());
  EXPECT_EQ(scanned.result.end, volume.octets().size());
  EXPECT_TRUE(scanned.result.tail_is_zero);
  EXPECT_TRUE(scanned.result.last_batch_is_whole);
}

TEST(Scan, EachTruncation) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two"), mail_text("three")});
  const auto octets = volume.octets();
  const auto ends = ends_of(scan_octets(octets));
  const auto whole = scan_octets(octets).records;
  for (std::size_t size = 0; size < octets.size(); ++size) {
    for (const bool zeros : {false, true}) {
      const auto scanned = scan_octets(octets.substr(0, size) + std::string(zeros ? 5000 : 0, '\0'));
      const auto end = *std::prev(std::upper_bound(ends.begin(), ends.end(), size));
      ASSERT_EQ(scanned.result.end, end) << size;
      ASSERT_EQ(scanned.result.flaws.empty(), end == size) << size;
      const auto& result = scanned.result;
      const auto kept = result.last_batch_is_whole ? result.last_batch_end : result.last_batch_begin;
      // What stays is whole batches, and all of those that are whole.
      const auto batch_end = size >= octets.size()  ? octets.size()
                             : size >= whole[3].end ? whole[3].end
                             : size >= whole[0].end ? whole[0].end
                                                    : 0;
      ASSERT_EQ(kept, batch_end) << size;
    }
  }
}

TEST(Scan, EachFlippedBit) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two")});
  const auto octets = volume.octets();
  const auto sound = scan_octets(octets);
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    auto flipped = octets;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto scanned = scan_octets(flipped);
    ASSERT_FALSE(scanned.result.flaws.empty()) << "bit " << bit;
    // One record suffers, no other: the rest is found, and found where it is.
    ASSERT_GE(scanned.result.records + 1, sound.result.records) << "bit " << bit;
    for (const auto& record : scanned.records) {
      const bool known = std::any_of(sound.records.begin(), sound.records.end(), [&](const ScannedRecord& r) {
        return r.place == record.place && r.end == record.end && r.block == record.block;
      });
      ASSERT_TRUE(known) << "bit " << bit;
    }
    // And no bit of an acknowledged batch makes recovery take the next one for torn.
    const auto& result = scanned.result;
    if (bit / 8 < sound.records[3].end) {
      ASSERT_TRUE(result.last_batch_is_whole) << "bit " << bit;
      ASSERT_EQ(result.last_batch_end, octets.size()) << "bit " << bit;
    }
  }
}

// Damage to the header of the record that holds a mail, so that the walk has to look for the next one in its
// body.
void expect_not_taken_in(SmallVolume& volume, const std::string& inside, std::size_t records_after) {
  volume.add_batch({mail_text("before")});
  volume.add_batch({mail_text(inside)});
  volume.add_batch({mail_text("after")});
  const auto octets = volume.octets();
  const auto sound = scan_octets(octets);
  const auto& holder = *std::find_if(sound.records.begin(), sound.records.end(), [&](const ScannedRecord& r) {
    return r.header.type == RecordType::resource && r.header.content_length > inside.size();
  });
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{40},
        octets.find("Content-Length", holder.place.offset) + 17 - holder.place.offset}) {
    auto damaged = octets;
    auto& octet = damaged[holder.place.offset + at];
    octet = static_cast<char>(octet ^ 1);
    for (const bool bodies : {true, false}) {
      ScanOptions options;
      options.read_bodies = bodies;
      const auto scanned = scan_octets(damaged, options);
      EXPECT_FALSE(scanned.result.flaws.empty());
      EXPECT_GE(scanned.result.records, records_after);
      for (const auto& record : scanned.records)
        EXPECT_FALSE(record.place.offset > holder.place.offset && record.place.offset < holder.end)
            << "taken from inside a mail, at " << record.place.offset << ", damage at " << at;
    }
  }
}

TEST(Scan, AMailThatLooksLikeRecordsOfAnotherVolume) {
  SmallVolume other(2);
  other.add_batch({mail_text("theirs")});
  SmallVolume volume;
  expect_not_taken_in(volume, "\r\n\r\n" + other.octets(), 8);
}

TEST(Scan, AMailThatHoldsCopiesOfOurOwnRecords) {
  SmallVolume volume;
  volume.add_batch({mail_text("earlier"), mail_text("another")});
  expect_not_taken_in(volume, "\r\n\r\n" + volume.octets() + "\r\n\r\n" + volume.octets(), 14);
}

TEST(Scan, CopiesOfOurOwnRecordsAfterAWideGap) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two")});
  volume.add_batch({mail_text("Fwd:\r\n\r\n" + volume.octets())});
  volume.add_batch({mail_text("last")});
  const auto octets = volume.octets();
  const auto sound = scan_octets(octets);
  // From inside the first batch to inside the forwarding record's header: of the copies, those of the second
  // batch are later than all that was read before the gap.
  auto damaged = octets;
  const auto begin = sound.records[1].place.offset + 20;
  const auto end = sound.records[7].place.offset + 100;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(begin),
            damaged.begin() + static_cast<std::ptrdiff_t>(end), 'x');
  const auto scanned = scan_octets(damaged);
  for (const auto& record : scanned.records)
    EXPECT_EQ(record.header.offset, record.place.offset);
  EXPECT_EQ(scanned.result.end, octets.size());
  EXPECT_EQ(scanned.result.records, sound.result.records - 7);
}

TEST(Scan, ARemovedRecordShowsAndTheOthersAreRead) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two")});
  auto octets = volume.octets();
  const auto sound = scan_octets(octets);
  octets.erase(sound.records[2].place.offset, sound.records[2].end - sound.records[2].place.offset);
  const auto scanned = scan_octets(octets);
  ASSERT_EQ(scanned.result.flaws.size(), 1u);
  EXPECT_EQ(scanned.result.flaws[0].kind, FlawKind::chain);
  EXPECT_EQ(scanned.result.flaws[0].place.offset, sound.records[2].place.offset);
  EXPECT_EQ(scanned.result.records, sound.result.records - 1);
}

TEST(Scan, AVolumeWithoutItsFirstRecordShows) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  auto octets = volume.octets();
  octets.erase(0, scan_octets(octets).records[0].end);
  const auto scanned = scan_octets(octets);
  ASSERT_FALSE(scanned.result.flaws.empty());
  EXPECT_EQ(scanned.result.flaws[0].place.offset, 0u);
}

// The end and its chain value belong together, or an index that ended there would be taken for another
// store's.
TEST(Scan, TheChainIsThatOfTheEnd) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  auto octets = volume.octets();
  const auto sound = scan_octets(octets);
  auto& octet = octets[sound.records[3].block_offset + 5];
  octet = static_cast<char>(octet ^ 1);
  const auto scanned = scan_octets(octets);
  EXPECT_EQ(scanned.result.end, sound.records[2].end);
  EXPECT_EQ(scanned.result.chain, sound.records[2].header.chain);
}

TEST(Scan, GoesOnFromAPosition) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  volume.add_batch({mail_text("two")});
  const auto sound = scan_octets(volume.octets());
  for (std::size_t i = 0; i < sound.records.size(); ++i) {
    ScanOptions options;
    options.from = sound.records[i].end;
    options.chain = sound.records[i].header.chain;
    const auto rest = scan_octets(volume.octets(), options);
    EXPECT_TRUE(rest.result.flaws.empty());
    EXPECT_EQ(rest.result.records, sound.records.size() - i - 1);
    EXPECT_EQ(rest.result.end, sound.result.end);
    EXPECT_EQ(rest.result.chain, sound.result.chain);
  }
}

TEST(Scan, LooksAtNothingBeyondUntil) {
  SmallVolume volume;
  volume.add_batch({mail_text("one")});
  const auto octets = volume.octets();
  for (std::uint64_t until = 0; until <= octets.size(); ++until) {
    ScanOptions options;
    options.until = until;
    EXPECT_LE(scan_octets(octets, options).result.end, until);
  }
}

TEST(Scan, AnotherFormatIsNotRead) {
  BatchPosition position{.end = {1, 0}, .chain = {}, .warcinfo_id = {}, .batch = 0};
  VolumeInfo info;
  info.format = 2;
  const OctetFile file(encode_warcinfo(position, encode_volume_info(info, 1), Instant{}));
  const auto result = scan_volume(file, 1, {}, [](const ScannedRecord&) { return Result<void>(); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::foreign);
}

TEST(Scan, AVisitorMayStopIt) {
  SmallVolume volume;
  const OctetFile file(volume.octets());
  const auto result = scan_volume(
      file, 1, {}, [](const ScannedRecord&) { return Result<void>(fail(ErrorKind::stopped, "enough")); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "enough");
}

TEST(VolumeInfo, WhatIsWrittenIsRead) {
  const VolumeInfo info{
      .format = 1, .previous_volume = 41, .previous_length = 1234567, .previous_chain = sha256("x")};
  const auto read = decode_volume_info(encode_volume_info(info, 42));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->previous_volume, 41u);
  EXPECT_EQ(read->previous_length, 1234567u);
  EXPECT_EQ(read->previous_chain, info.previous_chain);
  EXPECT_FALSE(decode_volume_info("guichet-format: 1\r\n"));
  EXPECT_FALSE(decode_volume_info(""));
}

}  // namespace
}  // namespace guichet::store
