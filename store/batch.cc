#include "store/batch.h"

#include <cstring>

#include "store/check.h"
#include "store/hash.h"

namespace guichet::store {
namespace {

bool equal_in_memory(const Body& a, const Body& b) {
  if (a.spooled() || b.spooled() || a.size() != b.size()) return false;
  const auto x = a.memory_pieces();
  const auto y = b.memory_pieces();
  return x == y;  // both are cut into chunks of the same size
}

std::uint64_t count_records(std::span<const Append> appends) {
  std::uint64_t count = 0;
  for (const auto& append : appends)
    count += append.facts.size() + (append.body ? 1 : 0);
  return count;
}

}  // namespace

std::string encode_warcinfo(BatchPosition& position, const std::string& block, Instant now) {
  RecordHeader header;
  header.type = RecordType::warcinfo;
  header.record_id = header.warcinfo_id = position.warcinfo_id;
  header.date = now;
  header.content_type = "application/warc-fields";
  header.content_length = block.size();
  header.block_digest = sha256(block);
  auto octets = encode_header(header, position.chain) + block;
  octets.append(record_end);
  position.chain = header.chain;
  position.end.offset += octets.size();
  return octets;
}

Batch::Batch(const BatchPosition& position, Clock& clock, IdSource& ids, const EqualBody& equal_body,
             std::span<const Append> appends)
    : begin_(position.end.offset),
      position_(position),
      now_(clock.now()),
      ids_(ids),
      equal_body_(equal_body),
      count_(count_records(appends)) {
  ++position_.batch;
  segments_.emplace_back();
  for (const auto& append : appends)
    add(append);
  GUICHET_CHECK(next_index_ == count_);
}

void Batch::add(const Append& append) {
  if (append.body) add_body(*append.body);
  for (const auto& fact : append.facts)
    add_fact(fact);
}

void Batch::add_body(const Append::NewMessage& message) {
  if (const auto earlier = earlier_equal(message)) {
    add_revisit(message, *earlier);
  } else {
    add_resource(message);
  }
}

// A digest alone proves nothing here: the earlier octets must be equal, and durable or in this very batch.
std::optional<BodyPlace> Batch::earlier_equal(const Append::NewMessage& message) const {
  if (const auto found = new_bodies_.find(message.digest); found != new_bodies_.end()) {
    const auto& [body, place] = found->second;
    return equal_in_memory(*body, message.body) ? std::optional(place) : std::nullopt;
  }
  return equal_body_(message.digest, message.body);
}

void Batch::add_resource(const Append::NewMessage& message) {
  auto header = new_header(RecordType::resource, message.message.uuid);
  header.target = message.message;
  header.content_type = "message/rfc822";
  header.content_length = message.body.size();
  header.block_digest = message.digest;
  (void)begin_record(header);
  const BodyPlace place{.volume = position_.end.volume,
                        .offset = position_.end.offset,
                        .size_octets = message.body.size(),
                        .message = message.message,
                        .date = header.date};
  append_body(message.body);
  append_view(record_end);
  news_.emplace_back(NewBody{message.digest, place});
  new_bodies_.insert_or_assign(message.digest, std::pair(&message.body, place));
}

void Batch::add_revisit(const Append::NewMessage& message, const BodyPlace& earlier) {
  auto header = new_header(RecordType::revisit, message.message.uuid);
  header.target = message.message;
  header.block_digest = sha256({});
  header.payload_digest = message.digest;
  header.refers_to = earlier.message.uuid;
  header.refers_to_target = earlier.message;
  header.refers_to_date = earlier.date;
  (void)begin_record(header);
  append_view(record_end);
}

void Batch::add_fact(const Fact& fact) {
  auto block = encode_fact(fact);
  auto header = new_header(RecordType::metadata, ids_.mint(now_));
  header.content_type = "application/json";
  header.content_length = block.size();
  header.block_digest = sha256(block);
  header.refers_to = message_of(fact).uuid;
  const auto place = begin_record(header);
  block.append(record_end);
  append_text(std::move(block));
  news_.emplace_back(NewFact{place, fact});
}

// The record of a message's body has the message's own id, so that any fact about the message can refer to
// it.
RecordHeader Batch::new_header(RecordType type, const Uuid& record_id) {
  RecordHeader header;
  header.type = type;
  header.record_id = record_id;
  header.date = now_;
  header.warcinfo_id = position_.warcinfo_id;
  header.batch = position_.batch;
  header.batch_index = next_index_++;
  header.batch_count = count_;
  return header;
}

Place Batch::begin_record(RecordHeader& header) {
  const auto place = position_.end;
  header.offset = place.offset;
  append_text(encode_header(header, position_.chain));
  position_.chain = header.chain;
  return place;
}

void Batch::append_text(std::string octets) {
  append_view(texts_.emplace_back(std::move(octets)));
}

void Batch::append_view(std::string_view octets) {
  if (octets.empty()) return;
  segments_.back().pieces.push_back({const_cast<char*>(octets.data()), octets.size()});
  position_.end.offset += octets.size();
}

void Batch::append_body(const Body& body) {
  if (body.spooled()) {
    segments_.back().spool = &body;
    segments_.emplace_back();
    position_.end.offset += body.spooled_octets();
  }
  for (const auto piece : body.memory_pieces())
    append_view(piece);
}

}  // namespace guichet::store
