// One WARC 1.1 record (ISO 28500:2017): its header as a value, written and read. store/FORMAT.md is the page
// on the volume format, with a worked example.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/error.h"
#include "store/types.h"

namespace guichet::store {

enum class RecordType { warcinfo, resource, revisit, metadata };

// The named fields that this store writes; which are set depends on the type (ISO 28500 section 6).
struct RecordHeader {
  RecordType type = RecordType::metadata;
  Uuid record_id;
  Instant date;
  std::uint64_t content_length = 0;
  Digest block_digest;              // of the record's own block
  std::string content_type;         // "" on a revisit
  std::optional<MessageId> target;  // WARC-Target-URI: urn:uuid:<message>
  std::optional<Uuid> refers_to;    // a record id
  std::optional<MessageId> refers_to_target;
  std::optional<Instant> refers_to_date;
  std::optional<Digest> payload_digest;  // revisit: the digest of the earlier block
  Uuid warcinfo_id;                      // WARC-Warcinfo-ID: the volume's first record; its own on that one
  // Guichet-Batch: <batch>/<index>/<count>. The batch grows by one with each durable barrier of a volume, so
  // a record of batch 8 proves that batch 7 was synced: that is how recovery tells a torn tail from damage.
  // The count of the batch's records tells it whether the last batch is whole, so that it is kept or cut as
  // one.
  std::uint64_t batch = 0;
  std::uint64_t batch_index = 0;  // of the record in its batch, from 0
  std::uint64_t batch_count = 1;  // of the records in that batch
  // Guichet-Offset: where the record begins in its volume. A message may hold a copy of any record; after
  // damage, when the walk has to look for the next one, a copy gives itself away by standing in another
  // place.
  std::uint64_t offset = 0;
  Digest chain;  // Guichet-Chain, set by encode_header()

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

inline constexpr std::string_view record_end = "\r\n\r\n";  // after each block
inline constexpr std::size_t header_octets_max = 4096;      // ours are below 900

// The header from "WARC/1.1" through its blank line. Sets header.chain from `previous` (see chain_value()).
[[nodiscard]] std::string encode_header(RecordHeader& header, const Digest& previous);

struct DecodedHeader {
  RecordHeader header;
  std::size_t octets = 0;  // from "WARC/1.1" through the blank line
  Digest chain_expected;   // computed from `previous` and these octets; equals header.chain unless altered
};

// `octets` begins at a record and may hold more than its header. Field names are compared without case and
// unknown fields are skipped, as ISO 28500 asks; what this store always writes must be there.
[[nodiscard]] Result<DecodedHeader> decode_header(std::string_view octets, const Digest& previous);

// Guichet-Chain = SHA-256 of the previous chain value (32 octets) and the header without its Guichet-Chain
// line.
[[nodiscard]] Digest chain_value(const Digest& previous, std::string_view header_before_chain_line,
                                 std::string_view header_after_chain_line);

[[nodiscard]] std::string_view name_of(RecordType type);

}  // namespace guichet::store
