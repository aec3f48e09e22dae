// What the volumes say, record by record, in memory: what each fact refers to is looked up here, and the
// index is compared with it. Part of verify; a Finding for each fact that does not fit.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "store/archive.h"
#include "store/books.h"
#include "store/elsewhere.h"
#include "store/facts.h"
#include "store/finding.h"
#include "store/index.h"
#include "store/scan.h"

namespace guichet::store {

struct UuidHash {
  std::size_t operator()(const Uuid& uuid) const noexcept;
};
template <class Entry>
using ByUuid = std::unordered_map<Uuid, Entry, UuidHash>;

struct MessageEntry {
  Digest digest;
  Instant received;
  std::uint64_t size_octets = 0;
  Place place;
  std::uint32_t recipients = 0;
};

struct DeliveryEntry {
  MessageId message;
  std::size_t recipient_hash = 0;  // of address and maildrop; the texts themselves would double the memory
  std::uint64_t size_octets = 0;
  Instant at;
  Place place;
  Instant handed_over_at;
  Place handed_over;  // where that was said; volume 0: nowhere
  Place requeued;     // the same
  Way how = Way::pop3;
  bool erased = false;
};

// What befell a delivery besides; few have one. Each the last place where it was said; volume 0: nowhere.
struct MovesEntry {
  Place offered, stuck, requeued_as, confirmed, quarantined;
};

struct BodyEntry {
  BodyPlace place;  // the last one in the volumes: that is the one that counts
  bool sound = true;
  Place first;  // of the first one
};

[[nodiscard]] std::size_t recipient_hash(const std::string& address, const std::string& maildrop);

class Ledger {
 public:
  // References must outlive the object.
  Ledger(const Archive& archive, Findings& findings) : archive_(archive), findings_(findings) {}
  // When not all volumes are read: where to look for what the others hold. nullptr: everything is read.
  void look_elsewhere(Elsewhere* elsewhere) { elsewhere_ = elsewhere; }

  // A whole record, in order.
  void take(const ScannedRecord& record);
  // A record whose header is whole but whose block is not what was written: what hangs on it is not reported
  // as well.
  void take_damaged(const RecordHeader& header, Place place, std::uint64_t block_offset);
  // Reports the references that came to nothing. At the end of each volume: a damaged record is known only
  // then.
  void settle();
  // Reports the blank blocks that no erasure accounts for. At the very end: an erasure is written long after
  // what it erases.
  void settle_blanks();
  // The same of what can be read although it was erased. `pending`: the journal says that it is not done yet.
  void settle_unblanked(bool pending);

  [[nodiscard]] const std::unordered_map<Digest, BodyEntry>& bodies() const { return bodies_; }
  [[nodiscard]] const ByUuid<MessageEntry>& messages() const { return messages_; }
  [[nodiscard]] const ByUuid<DeliveryEntry>& deliveries() const { return deliveries_; }
  [[nodiscard]] const ByUuid<MovesEntry>& moves() const { return moves_; }
  [[nodiscard]] DeliveryState state_of(const Uuid& uid, const DeliveryEntry& delivery) const;
  // When everything was read.
  [[nodiscard]] Books books() const;
  // Messages that some recipient has no delivery of.
  [[nodiscard]] const ByUuid<std::vector<Recipient>>& awaited() const { return awaited_; }
  // Where findings are told, and about which message.
  [[nodiscard]] const std::vector<std::pair<Place, MessageId>>& verdicts() const { return verdicts_; }
  // Messages that were erased, and where that is said.
  [[nodiscard]] const ByUuid<Place>& erased() const { return erased_; }

 private:
  struct Reference {
    Place place;
    MessageId message;
    std::variant<Digest, MessageId, Uid> to;
    std::string what;
  };
  struct Served {
    Digest digest;
    ServedRule rule;
    std::uint64_t octets = 0;
  };

  void add(const NewBody& body);
  void hold(const Digest& digest, const BodyPlace& place, bool sound);
  [[nodiscard]] bool held_by(const Digest& digest, const Uuid& record) const;
  void add(const Received& fact, Place place);
  void add(const Delivered& fact, Place place);
  void add(const HandedOver& fact, Place place);
  void add(const Requeued& fact, Place place);
  void add(const Offered& fact, Place place);
  void add(const Stuck& fact, Place place);
  void add(const Confirmed& fact, Place place);
  void add(const Quarantined& fact, Place place);
  void add(const Judged& fact, Place place);
  template <class Move>
  DeliveryEntry* moved(const Move& fact, Place place, const char* how);
  void add(const Held&, Place) {}
  void add(const Released&, Place) {}
  void add(const Erased& fact, Place place);
  void erase_body(const Erased& fact);
  void take_blank(const ScannedRecord& record);
  [[nodiscard]] bool is_erased(const RecordHeader& header) const;
  void take_revisit(const ScannedRecord& record);
  void take_news(const News& news);
  void strike_out(const MessageId& message, const Recipient& recipient);
  void check_served_size(const Delivered& fact, const MessageEntry& message, Place place);
  [[nodiscard]] Result<std::uint64_t> served_octets(const BodyPlace& body, const Digest& digest,
                                                    const ServedRule& rule);
  [[nodiscard]] bool exists(const Reference& reference) const;
  [[nodiscard]] bool exists_elsewhere(const Reference& reference) const;
  [[nodiscard]] bool names_other_record(const Digest& digest, const Uuid& record) const;
  [[nodiscard]] std::optional<BodyPlace> sound_body(const Digest& digest) const;
  [[nodiscard]] std::optional<MessageEntry> message(const MessageId& id) const;
  void damage(Place place, std::string what);

  const Archive& archive_;
  Findings& findings_;
  Elsewhere* elsewhere_ = nullptr;
  std::unordered_map<Digest, BodyEntry> bodies_;
  std::unordered_multimap<Digest, Uuid> superseded_;  // earlier records of the same octets
  ByUuid<MessageEntry> messages_;
  ByUuid<DeliveryEntry> deliveries_;
  ByUuid<MovesEntry> moves_;
  ByUuid<std::vector<Recipient>> awaited_;
  ByUuid<Place> erased_;
  std::vector<std::pair<Place, MessageId>> verdicts_;
  std::unordered_set<Uuid, UuidHash> erased_records_;
  std::unordered_set<Digest> erased_digests_;
  std::vector<std::pair<Place, MessageId>> unblanked_;  // erased, and still readable
  std::vector<std::pair<Place, RecordHeader>> blanks_;
  std::unordered_set<Uuid, UuidHash> damaged_;  // messages of which a fact is damaged
  std::vector<Reference> open_;                 // to what has not been met yet
  std::optional<Served> last_served_;           // the recipients of a message come one after the other
};

}  // namespace guichet::store
