// A batch: what one durable barrier will carry. Encodes messages and facts into records, in memory, for one
// position in one volume; touches no volume itself. After a crash it counts whole or not at all: each of its
// records says how many there are.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/uio.h>

#include "store/body.h"
#include "store/index.h"
#include "store/seams.h"
#include "store/store.h"
#include "store/types.h"
#include "store/warc.h"

namespace guichet::store {

struct BatchPosition {
  Place end;     // where the next record begins
  Digest chain;  // of the record before
  Uuid warcinfo_id;
  std::uint64_t batch = 0;  // number of the last committed batch
};

// Finds an earlier, durable block whose octets are equal to the body's: by digest, then read back and
// compared.
using EqualBody = std::function<std::optional<BodyPlace>(const Digest&, const Body&)>;

class Batch {
 public:
  // The bodies must stay alive until the batch is committed.
  Batch(const BatchPosition& position, Clock& clock, IdSource& ids, const EqualBody& equal_body,
        std::span<const Append> appends);

  // Octets to write, in order: pieces, then, where `spool` is set, that body's spool file, then its memory.
  struct Segment {
    std::vector<iovec> pieces;
    const Body* spool = nullptr;
  };
  [[nodiscard]] const std::deque<Segment>& segments() const { return segments_; }
  [[nodiscard]] std::uint64_t octets() const { return position_.end.offset - begin_; }
  [[nodiscard]] const BatchPosition& end() const { return position_; }
  [[nodiscard]] std::vector<News> take_news() { return std::move(news_); }
  [[nodiscard]] bool has_spool() const { return segments_.size() > 1; }

 private:
  void add(const Append& append);
  void add_body(const Append::NewMessage& message);
  void add_resource(const Append::NewMessage& message);
  void add_revisit(const Append::NewMessage& message, const BodyPlace& earlier);
  void add_fact(const Fact& fact);
  std::optional<BodyPlace> earlier_equal(const Append::NewMessage& message) const;

  RecordHeader new_header(RecordType type, const Uuid& record_id);
  // Returns the place of the record and appends its header.
  Place begin_record(RecordHeader& header);
  void append_text(std::string octets);
  void append_body(const Body& body);
  void append_view(std::string_view octets);

  const std::uint64_t begin_;
  BatchPosition position_;
  const Instant now_;
  IdSource& ids_;
  const EqualBody& equal_body_;
  const std::uint64_t count_;  // of records
  std::uint64_t next_index_ = 0;
  std::deque<std::string> texts_;  // a deque: views into it stay valid as it grows
  std::deque<Segment> segments_;
  std::vector<News> news_;
  std::unordered_map<Digest, std::pair<const Body*, BodyPlace>> new_bodies_;
};

// The warcinfo record that opens a volume.
[[nodiscard]] std::string encode_warcinfo(BatchPosition& position, const std::string& block, Instant now);

}  // namespace guichet::store
