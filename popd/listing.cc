#include "popd/listing.h"

#include <string_view>

namespace guichet::popd {
namespace {

constexpr std::string_view kEnd = ".\r\n";

// The number and octets in the status line are for people; RFC 1939 section 5 leaves its text free.
std::string status_line(const Snapshot& snapshot) {
  return "+OK " + std::to_string(snapshot.listed_count()) + " messages (" +
         std::to_string(snapshot.listed_octets()) + " octets)\r\n";
}

}  // namespace

std::string listing_line(const Snapshot& snapshot, std::size_t number, Column column) {
  const Entry& entry = snapshot.entry(number);
  return std::to_string(number) + ' ' +
         (column == Column::uid ? entry.uid : std::to_string(entry.size_octets));
}

Listing::Listing(const Snapshot& snapshot, Column column) : snapshot_(&snapshot), column_(column) {}

bool Listing::done() const {
  return next_ > snapshot_->highest();
}

std::string Listing::next_piece() {
  std::string piece;
  while (!done() && append_next(piece)) {
  }
  if (done()) piece += kEnd;
  return piece;
}

// False when the next line no longer fits. The first line of a piece always does, whatever its length, so
// that every piece gets on.
bool Listing::append_next(std::string& piece) {
  std::string line;
  if (next_ == 0) {
    line = status_line(*snapshot_);
  } else if (snapshot_->listed(next_)) {
    line = listing_line(*snapshot_, next_, column_) + "\r\n";
  }
  if (!piece.empty() && piece.size() + line.size() + kEnd.size() > kListingPieceOctetsMax) return false;
  piece += line;
  ++next_;
  return true;
}

}  // namespace guichet::popd
