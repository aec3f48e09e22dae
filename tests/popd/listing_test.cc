#include "popd/listing.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace guichet::popd {
namespace {

std::vector<Entry> many(std::size_t count, std::size_t uid_octets) {
  std::vector<Entry> entries;
  for (std::size_t i = 1; i <= count; ++i) {
    std::string uid = std::to_string(i);
    entries.push_back({std::string(uid_octets - uid.size(), 'u') + uid, i});
  }
  return entries;
}

std::vector<std::string> pieces(const Snapshot& snapshot, Column column) {
  std::vector<std::string> out;
  for (Listing listing(snapshot, column); !listing.done();)
    out.push_back(listing.next_piece());
  return out;
}

TEST(Listing, EmptyMaildrop) {
  const Snapshot snapshot({});
  EXPECT_EQ(pieces(snapshot, Column::size), std::vector<std::string>{"+OK 0 messages (0 octets)\r\n.\r\n"});
}

TEST(Listing, MarkedMessagesAreLeftOutAndNumbersStay) {
  Snapshot snapshot({{"a", 10}, {"b", 20}, {"c", 30}});
  snapshot.mark_deleted(2);
  EXPECT_EQ(pieces(snapshot, Column::size).at(0), "+OK 2 messages (40 octets)\r\n1 10\r\n3 30\r\n.\r\n");
  EXPECT_EQ(pieces(snapshot, Column::uid).at(0), "+OK 2 messages (40 octets)\r\n1 a\r\n3 c\r\n.\r\n");
}

TEST(Listing, AHundredThousandMessagesInSmallPiecesOfWholeLines) {
  const Snapshot snapshot(many(100'000, 70));
  std::string all;
  for (const std::string& piece : pieces(snapshot, Column::uid)) {
    EXPECT_LE(piece.size(), kListingPieceOctetsMax);
    EXPECT_TRUE(piece.ends_with("\r\n"));
    all += piece;
  }
  std::string expected = "+OK 100000 messages (5000050000 octets)\r\n";
  for (std::size_t n = 1; n <= 100'000; ++n)
    expected += listing_line(snapshot, n, Column::uid) + "\r\n";
  EXPECT_TRUE(all == expected + ".\r\n");
}

// 216 full lines leave less than a line's room: with the last UID growing octet by octet, the final dot first
// fits into the piece, then just does not.
TEST(Listing, TheFinalDotIsWithinThePiece) {
  std::set<std::size_t> sizes;
  for (std::size_t last = 1; last <= 70; ++last) {
    std::vector<Entry> entries = many(216, 70);
    entries.push_back({std::string(last, 'u'), 1});
    const Snapshot snapshot(std::move(entries));
    sizes.insert(pieces(snapshot, Column::uid).front().size());
  }
  EXPECT_EQ(*sizes.rbegin(), kListingPieceOctetsMax);
}

TEST(Listing, ALineLongerThanAPieceStillGetsOn) {
  const Snapshot snapshot({{std::string(40'000, 'u'), 1}, {"b", 2}});
  const auto all = pieces(snapshot, Column::uid);
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back(), "2 b\r\n.\r\n");
}

}  // namespace
}  // namespace guichet::popd
