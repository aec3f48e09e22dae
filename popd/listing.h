// The multi-line answers of LIST and UIDL (RFC 1939 sections 5 and 7), in pieces.
//
// A maildrop of 100,000 messages has a listing of some megabytes. A piece is at most one TLS record and holds
// whole lines: net-protocol from 0.2 on, which reads the poller's lines, misses a CRLF that two reads divide.
#pragma once

#include <cstddef>
#include <string>

#include "popd/snapshot.h"

namespace guichet::popd {

inline constexpr std::size_t kListingPieceOctetsMax = 16'384;

enum class Column { size, uid };

// "n size" or "n uid", without a line end.
[[nodiscard]] std::string listing_line(const Snapshot& snapshot, std::size_t number, Column column);

// Holds a reference: the snapshot outlives the listing and gets no mark while it lasts.
class Listing {
 public:
  Listing(const Snapshot& snapshot, Column column);

  // The first piece begins with "+OK …", the last ends with ".CRLF". Not to be called once done().
  [[nodiscard]] std::string next_piece();
  [[nodiscard]] bool done() const;

 private:
  bool append_next(std::string& piece);

  const Snapshot* snapshot_;
  Column column_;
  std::size_t next_ = 0;  // 0: the status line; then message numbers; past the highest: done
};

}  // namespace guichet::popd
