// The index: SQLite, a projection of the volumes, able to be deleted at any time. It answers "what waits in
// this maildrop", "which message is this id", "where are the octets of this digest"; it is never asked
// whether a message is safe.
//
// One connection writes and is the only checkpointer (Debian 12's SQLite predates the fix of the WAL-reset
// bug); readers never checkpoint. synchronous=NORMAL: a power cut may take the last transactions, and the
// catch-up at start brings them back from the volumes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "store/error.h"
#include "store/facts.h"
#include "store/types.h"

namespace guichet::store {

namespace sqlite {
class Database;
}

inline constexpr int index_version = 5;  // PRAGMA user_version; another one means: rebuild

// Where the octets of a digest are.
struct BodyPlace {
  std::uint32_t volume = 0;
  std::uint64_t offset = 0;  // of the first octet of the block
  std::uint64_t size_octets = 0;
  MessageId message;  // of the resource record: its target and its record id
  Instant date;       // of the resource record
  [[nodiscard]] Place begin() const { return {volume, offset}; }
  friend bool operator==(const BodyPlace&, const BodyPlace&) = default;
};

// One record's worth of news for the index.
struct NewBody {
  Digest digest;
  BodyPlace place;  // the last one of a digest counts
};
struct NewFact {
  Place place;  // of the metadata record
  Fact fact;
};
using News = std::variant<NewBody, NewFact>;

// The store's own volumes up to here are in the index.
struct IndexPosition {
  Place end;     // first octet not yet read
  Digest chain;  // of the last record before it
  friend bool operator==(const IndexPosition&, const IndexPosition&) = default;
};

// waiting → offered → handed over. stuck: not offered by itself any more; quarantined: not offered at all, by
// a rule of the operator's; requeued: as another delivery, which counts in its place. All but handed_over,
// erased and requeued are still to be handed over.
enum class DeliveryState {
  waiting = 0,
  handed_over = 1,
  erased = 2,
  stuck = 3,
  requeued = 4,
  offered = 5,
  quarantined = 6
};
[[nodiscard]] constexpr bool is_pending(DeliveryState state) {
  return state == DeliveryState::waiting || state == DeliveryState::offered ||
         state == DeliveryState::stuck || state == DeliveryState::quarantined;
}

struct DeliveryKey {
  MessageId message;
  Uid uid;
};

struct DeliveryRow {
  Uid uid;
  MessageId message;
  std::string maildrop;
  std::string recipient;
  DeliveryState state = DeliveryState::waiting;
  Place place;                    // of the delivery's record: the prefix is there; erased: of that fact
  std::uint64_t size_octets = 0;  // of the served form
  Instant at;
  std::optional<Instant> handed_over_at;
  std::optional<Way> how;  // handed over
};

// What POP3 needs of a waiting delivery; kept small, there may be 100,000 in a session.
struct WaitingRow {
  Uid uid;
  MessageId message;
  std::uint64_t size_octets = 0;
  Place place;
  std::uint32_t offers = 0;  // in vain, so far,
  Instant last_offer = {};   // and when last
};

// What may be offered now.
struct OfferQuery {
  std::string maildrop;
  std::size_t limit = 0;  // 0: all but what is stuck, in order of arrival
  // With a limit, what was never offered comes first, then what was, the longest ago first: at once after a
  // session that was dropped, or a refusal; after `settle_us` where the consumer has seen it and gone on.
  Instant now = {};
  std::int64_t settle_us = 0;
  // Of what was offered before at least so many, beyond the limit where what is new fills it: for who takes
  // all that it is given, so that under steady arrivals what was refused once gets its turn too.
  std::size_t again = 0;
};

// What befell a delivery, besides being handed over.
struct MoveRow {
  enum class Kind { offered = 0, stuck = 1, requeued = 2, confirmed = 3, quarantined = 4 };
  Kind kind = Kind::offered;
  Instant at;
  std::optional<OfferOutcome> outcome;  // offered
  // offered: what the consumer said; stuck, quarantined: why; requeued: the new uid
  std::string detail;
};

// What is still to be handed over, for people.
struct QueueRow {
  DeliveryRow delivery;
  std::uint32_t offers = 0;
  std::optional<MoveRow> last;  // the latest of what befell it
};

// The books of a maildrop: how many deliveries are in which state; handed over ones by their way.
struct BookRow {
  std::string maildrop;
  DeliveryState state = DeliveryState::waiting;
  std::optional<Way> how;
  std::uint64_t deliveries = 0;
};

struct MessageRow {
  MessageId message;
  Digest digest;
  Instant received;
  std::uint64_t size_octets = 0;
  Place place;  // of the received record: the envelope is there; erased: of that fact
};

struct IndexCounts {
  std::uint64_t messages = 0, bodies = 0, deliveries = 0;
  std::uint64_t waiting = 0;  // all that is still to be handed over
  friend bool operator==(const IndexCounts&, const IndexCounts&) = default;
};

class IndexReader {
 public:
  // absent: there is no index yet; foreign: another index_version, or not an index at all.
  [[nodiscard]] static Result<std::unique_ptr<IndexReader>> open(const std::filesystem::path& file);
  ~IndexReader();

  [[nodiscard]] Result<std::optional<IndexPosition>> position();
  // The volumes of other lineages that are in the index, ascending.
  [[nodiscard]] Result<std::vector<std::uint32_t>> merged();
  [[nodiscard]] Result<std::optional<BodyPlace>> body(const Digest& digest);
  [[nodiscard]] Result<std::uint64_t> count_bodies();
  // Of all bodies, in their order, at most `limit`.
  [[nodiscard]] Result<std::vector<Digest>> digests_after(const Digest& last, std::size_t limit);
  [[nodiscard]] Result<std::optional<MessageRow>> message(const MessageId& id);
  // Newest first; `before` pages on.
  [[nodiscard]] Result<std::vector<MessageRow>> newest(std::size_t limit,
                                                       std::optional<MessageId> before = {});
  // Messages whose id text or digest text begins with `text`, at most `limit`.
  [[nodiscard]] Result<std::vector<MessageRow>> matching(const std::string& text, std::size_t limit);
  [[nodiscard]] Result<std::vector<DeliveryRow>> deliveries(const MessageId& id);
  [[nodiscard]] Result<std::vector<WaitingRow>> offerable(const OfferQuery& query);
  // All that is not stuck, whatever became of earlier offers; limit 0: no limit.
  [[nodiscard]] Result<std::vector<WaitingRow>> waiting(const std::string& maildrop, std::size_t limit) {
    return offerable({.maildrop = maildrop, .limit = limit, .now = Instant{INT64_MAX}, .settle_us = 0});
  }
  // Still to be handed over, the oldest first; "": of all maildrops. What is quarantined is not among them.
  [[nodiscard]] Result<std::vector<QueueRow>> queue(const std::string& maildrop, std::size_t limit);
  [[nodiscard]] Result<std::vector<QueueRow>> quarantined(const std::string& maildrop, std::size_t limit);
  // Of what is not stuck.
  [[nodiscard]] Result<std::optional<DeliveryRow>> oldest_waiting();
  // In the order in which it befell.
  [[nodiscard]] Result<std::vector<MoveRow>> moves(const DeliveryKey& delivery);
  [[nodiscard]] Result<std::vector<BookRow>> books();
  // Where the filters' findings about a message are told, the last ones last.
  [[nodiscard]] Result<std::vector<Place>> verdicts(const MessageId& id);
  // Received, but some recipient has no delivery yet: to be judged again after a crash.
  [[nodiscard]] Result<std::vector<MessageRow>> undelivered();
  [[nodiscard]] Result<IndexCounts> counts();
  // All that have these very octets, erased ones left out.
  [[nodiscard]] Result<std::vector<MessageId>> with_digest(const Digest& digest);
  [[nodiscard]] Result<bool> is_held(const MessageId& id);
  [[nodiscard]] Result<bool> is_erased(const MessageId& id);
  // Handed over at or after `since` and not re-queued after that, oldest first; "": of all maildrops.
  [[nodiscard]] Result<std::vector<DeliveryRow>> handed_over_since(Instant since,
                                                                   const std::string& maildrop);
  // Messages of which something was discarded from quarantine before `before`, oldest first.
  [[nodiscard]] Result<std::vector<MessageRow>> discarded_before(Instant before, std::size_t limit);
  // Messages of which nothing waits and whose last hand-over was before `before`, oldest first.
  [[nodiscard]] Result<std::vector<MessageRow>> handed_over_before(Instant before, std::size_t limit);
  // A walk over all of them, by message and uid.
  [[nodiscard]] Result<std::vector<DeliveryRow>> deliveries_after(std::optional<DeliveryKey> last,
                                                                  std::size_t limit);

  // From the first question after this on, every answer is of the same moment, as long as the object lives.
  // The write-ahead log grows meanwhile: not for long.
  [[nodiscard]] Result<void> hold();

 private:
  friend class Index;
  struct Connection;
  Result<std::vector<WaitingRow>> all_offerable(const std::string& maildrop);
  Result<std::vector<QueueRow>> with_moves(const Result<std::vector<DeliveryRow>>& deliveries);
  explicit IndexReader(std::shared_ptr<sqlite::Database> database);
  std::unique_ptr<Connection> connection_;
};

class Index {
 public:
  // Creates the file and its folder when absent. A file that is no index of this version is renamed to
  // <file>.foreign (with its -wal and -shm removed) and a new one begun: everything in it can be had again.
  [[nodiscard]] static Result<std::unique_ptr<Index>> open(const std::filesystem::path& file);
  // The same, whatever the file is: for one that turned out to be damaged inside.
  [[nodiscard]] static Result<std::unique_ptr<Index>> open_anew(const std::filesystem::path& file);
  ~Index();

  // One transaction: all of the news and the new position, or nothing. Applying the same news twice is
  // harmless. A HandedOver for an unknown uid is kept in mind by the schema, not dropped: it wins when the
  // delivery turns up later (volumes merged out of order).
  [[nodiscard]] Result<void> apply(std::span<const News> news, const IndexPosition& end);

  // The same, after emptying all tables, in one transaction that begin_rebuild() opens and the last apply()
  // before end_rebuild() completes: readers see the old index until then.
  [[nodiscard]] Result<void> begin_rebuild();
  [[nodiscard]] Result<void> end_rebuild();
  // Instead of end_rebuild(): the index is as it was before. Nothing happens outside a rebuild.
  void abandon_rebuild();

  // After an erasure: what was overwritten in the file may still be in the write-ahead log. busy: a reader
  // keeps it; ask again.
  [[nodiscard]] Result<void> empty_log();

  // A volume of another lineage, in one transaction, or in that of a rebuild: begin, its news in pieces, end.
  // When one of them fails the volume is not in the index, nor any part of it.
  [[nodiscard]] Result<void> begin_merged();
  [[nodiscard]] Result<void> add_merged(std::span<const News> news);
  [[nodiscard]] Result<void> end_merged(std::uint32_t volume);
  // Instead of the end; nothing happens outside of begin and end, or inside a rebuild.
  void abandon_merged();

  [[nodiscard]] IndexReader& reader();  // over the writing connection, for the same thread only

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace guichet::store
