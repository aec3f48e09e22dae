// Questions to the index. Each is one statement, prepared once, and done with its snapshot when it returns.
#include <algorithm>

#include "store/hex.h"
#include "store/index.h"
#include "store/index_schema.h"
#include "store/sqlite.h"

namespace guichet::store {

namespace {

using sqlite::Row;

constexpr std::string_view digest_prefix = "sha256:";

BodyPlace read_body(Row& row) {
  const Place block = row.place();
  return {.volume = block.volume,
          .offset = block.offset,
          .size_octets = row.octets(),
          .message = {row.uuid()},
          .date = row.instant()};
}

MessageRow read_message(Row& row) {
  return {.message = {row.uuid()},
          .digest = row.digest(),
          .received = row.instant(),
          .size_octets = row.octets(),
          .place = row.place()};
}

std::optional<Way> read_way(Row& row) {
  const auto way = row.integer_or_null();
  return way ? std::optional(static_cast<Way>(*way)) : std::nullopt;
}

DeliveryRow read_delivery(Row& row) {
  return {.uid = {row.uuid()},
          .message = {row.uuid()},
          .maildrop = row.text(),
          .recipient = row.text(),
          .state = static_cast<DeliveryState>(row.integer()),
          .place = row.place(),
          .size_octets = row.octets(),
          .at = row.instant(),
          .handed_over_at = row.instant_or_null(),
          .how = read_way(row)};
}

MoveRow read_move(Row& row) {
  const auto kind = static_cast<MoveRow::Kind>(row.integer());
  const auto at = row.instant();
  const auto outcome = row.integer_or_null();
  return {.kind = kind,
          .at = at,
          .outcome = outcome ? std::optional(static_cast<OfferOutcome>(*outcome)) : std::nullopt,
          .detail = row.text()};
}

BookRow read_book(Row& row) {
  return {.maildrop = row.text(),
          .state = static_cast<DeliveryState>(row.integer()),
          .how = read_way(row),
          .deliveries = row.octets()};
}

WaitingRow read_waiting(Row& row) {
  return {.uid = {row.uuid()}, .message = {row.uuid()}, .size_octets = row.octets(), .place = row.place()};
}

WaitingRow read_offered(Row& row) {
  auto waiting = read_waiting(row);
  waiting.offers = static_cast<std::uint32_t>(row.integer());
  waiting.last_offer = row.instant();
  return waiting;
}

IndexPosition read_position(Row& row) {
  return {.end = row.place(), .chain = row.digest()};
}

IndexCounts read_counts(Row& row) {
  return {
      .messages = row.octets(), .bodies = row.octets(), .deliveries = row.octets(), .waiting = row.octets()};
}

// SQLite takes a negative limit for none.
std::int64_t at_most(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX));
}

// The values that begin with some digits lie between two of them: the digits followed by zeros, and by f's.
template <class Value>
struct Range {
  Value first, last;
};

template <class Value>
std::optional<Range<Value>> range_of(std::string digits) {
  constexpr std::size_t all = 2 * sizeof(Value::octets);
  if (digits.size() > all) return std::nullopt;
  Range<Value> range;
  const std::string zeros = digits + std::string(all - digits.size(), '0');
  const std::string effs = digits + std::string(all - digits.size(), 'f');
  if (!read_hex(zeros, range.first.octets) || !read_hex(effs, range.last.octets)) return std::nullopt;
  return range;
}

// Dashes may be left out altogether, or must stand where RFC 9562 has them.
std::optional<std::string> without_dashes(std::string text) {
  if (text.find('-') == std::string::npos) return text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool expected = i == 8 || i == 13 || i == 18 || i == 23;
    if ((text[i] == '-') != expected) return std::nullopt;
  }
  std::erase(text, '-');
  return text;
}

std::optional<Range<Uuid>> ids_of(const std::string& text) {
  const std::optional<std::string> digits = without_dashes(text);
  return digits ? range_of<Uuid>(*digits) : std::nullopt;
}

std::optional<Range<Digest>> digests_of(const std::string& text) {
  return range_of<Digest>(text.starts_with(digest_prefix) ? text.substr(digest_prefix.size()) : text);
}

void add_new(std::vector<MessageRow>& rows, const std::vector<MessageRow>& more, std::size_t limit) {
  const std::size_t known = rows.size();
  for (const MessageRow& row : more) {
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(known);
    const bool there =
        std::any_of(rows.begin(), end, [&](const auto& had) { return had.message == row.message; });
    if (!there && rows.size() < limit) rows.push_back(row);
  }
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

#define GUICHET_MESSAGES "SELECT id, digest, received_us, size_octets, volume, offset FROM messages "
#define GUICHET_DELIVERIES                                                         \
  "SELECT uid, message, maildrop, recipient, state, volume, offset, size_octets, " \
  "at_us, handed_over_us, how FROM deliveries "

struct IndexReader::Connection {
  explicit Connection(std::shared_ptr<sqlite::Database> opened) : database(std::move(opened)) {}

  std::shared_ptr<sqlite::Database> database;
  sqlite::Statement position{*database, "SELECT volume, offset, chain FROM position"};
  sqlite::Statement merged{*database, "SELECT volume FROM merged ORDER BY volume"};
  sqlite::Statement body{
      *database, "SELECT volume, offset, size_octets, message, date_us FROM bodies WHERE digest = ?1"};
  sqlite::Statement body_count{*database, "SELECT count(*) FROM bodies"};
  sqlite::Statement digests_after{*database,
                                  "SELECT digest FROM bodies WHERE digest > ?1 ORDER BY digest LIMIT ?2"};
  sqlite::Statement message{*database, GUICHET_MESSAGES "WHERE id = ?1"};
  sqlite::Statement newest{*database, GUICHET_MESSAGES "ORDER BY id DESC LIMIT ?1"};
  sqlite::Statement newest_before{*database, GUICHET_MESSAGES "WHERE id < ?1 ORDER BY id DESC LIMIT ?2"};
  sqlite::Statement by_id{*database, GUICHET_MESSAGES "WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3"};
  sqlite::Statement with_body{*database, GUICHET_MESSAGES
                              "WHERE id IN (SELECT message FROM bodies WHERE digest BETWEEN ?1 AND ?2 "
                              "ORDER BY digest LIMIT ?3) ORDER BY id"};
  sqlite::Statement repeating{*database, GUICHET_MESSAGES
                              "WHERE digest BETWEEN ?1 AND ?2 AND repeats = 1 ORDER BY digest, id LIMIT ?3"};
  sqlite::Statement deliveries{*database, GUICHET_DELIVERIES "WHERE message = ?1 ORDER BY volume, offset"};
  sqlite::Statement deliveries_after{
      *database, GUICHET_DELIVERIES "WHERE (message, uid) > (?1, ?2) ORDER BY message, uid LIMIT ?3"};
  sqlite::Statement all_deliveries{*database, GUICHET_DELIVERIES "ORDER BY message, uid LIMIT ?1"};
  sqlite::Statement with_digest{*database,
                                "SELECT id FROM (SELECT message AS id FROM bodies WHERE digest = ?1 UNION "
                                "SELECT id FROM messages WHERE digest = ?1 AND repeats = 1) "
                                "WHERE id IN (SELECT id FROM messages WHERE digest = ?1) "
                                "AND id NOT IN (SELECT message FROM erasures) ORDER BY id"};
  sqlite::Statement held{*database, "SELECT held FROM holds WHERE message = ?1"};
  sqlite::Statement erased{*database, "SELECT 1 FROM erasures WHERE message = ?1"};
  sqlite::Statement handed_over_since{*database, GUICHET_DELIVERIES
                                      "WHERE state = 1 "
                                      "AND handed_over_us >= ?1 AND (?2 = '' OR maildrop = ?2) "
                                      "ORDER BY handed_over_us, message, uid"};
  sqlite::Statement handed_over_before{*database, GUICHET_MESSAGES
                                       "WHERE id IN (SELECT message FROM deliveries GROUP BY message "
                                       "HAVING sum(state NOT IN (1, 4)) = 0 AND max(handed_over_us) < ?1) "
                                       "AND id NOT IN (SELECT message FROM holds WHERE held = 1) "
                                       "AND id NOT IN (SELECT message FROM awaited) "
                                       "AND id NOT IN (SELECT message FROM erasures) ORDER BY id LIMIT ?2"};
  sqlite::Statement discarded_before{*database, GUICHET_MESSAGES
                                     "WHERE id IN (SELECT message FROM deliveries WHERE how = 5 AND maildrop "
                                     "<> '' AND handed_over_us < ?1) ORDER BY id LIMIT ?2"};
  sqlite::Statement waiting{*database,
                            "SELECT uid, message, size_octets, volume, offset FROM deliveries "
                            "WHERE maildrop = ?1 AND state = 0 ORDER BY volume, offset LIMIT ?2"};
#define GUICHET_OFFERED                                                                                   \
  "SELECT d.uid, d.message, d.size_octets, d.volume, d.offset, count(*), max(m.at_us) FROM deliveries d " \
  "JOIN moves m ON m.message = d.message AND m.uid = d.uid AND m.kind = 0 "                               \
  "WHERE d.maildrop = ?1 AND d.state = 5 GROUP BY d.message, d.uid "
  sqlite::Statement offered{*database, GUICHET_OFFERED "ORDER BY d.volume, d.offset"};
  // Those of outcome 0 and 1 were seen by a consumer that went on to QUIT: it wants time before it is asked
  // again. An offer in the future was told by a clock that was set back since: it keeps nothing waiting.
  sqlite::Statement returned{*database, GUICHET_OFFERED
                             "HAVING max(m.at_us) > ?2 OR max(m.at_us + iif(m.outcome < 2, ?3, 0)) <= ?2 "
                             "ORDER BY max(m.at_us), d.volume, d.offset LIMIT ?4"};
#undef GUICHET_OFFERED
  sqlite::Statement moves{*database,
                          "SELECT kind, at_us, outcome, detail FROM moves WHERE message = ?1 AND uid = ?2 "
                          "ORDER BY said_order"};
  sqlite::Statement verdicts{*database,
                             "SELECT volume, offset FROM verdicts WHERE message = ?1 ORDER BY said_order"};
  // Two small indexes; asked for all states at once SQLite would read every delivery there is.
  sqlite::Statement pending{*database, "SELECT * FROM (" GUICHET_DELIVERIES
                                       "WHERE state = 0 UNION ALL " GUICHET_DELIVERIES
                                       "WHERE state IN (3, 5, 6) AND state <> 6) "
                                       "WHERE ?1 = '' OR maildrop = ?1 "
                                       "ORDER BY at_us, volume, offset LIMIT ?2"};
  sqlite::Statement quarantined{*database, GUICHET_DELIVERIES
                                "WHERE state IN (3, 5, 6) AND state = 6 AND (?1 = '' OR maildrop = ?1) "
                                "ORDER BY at_us, volume, offset LIMIT ?2"};
  sqlite::Statement oldest_waiting{
      *database, "SELECT * FROM (" GUICHET_DELIVERIES "WHERE state = 0 UNION ALL " GUICHET_DELIVERIES
                 "WHERE state IN (3, 5, 6) AND state = 5) ORDER BY at_us LIMIT 1"};
  sqlite::Statement books{
      *database, "SELECT maildrop, state, how, count(*) FROM deliveries GROUP BY maildrop, state, how"};
  sqlite::Statement undelivered{*database,
                                GUICHET_MESSAGES "WHERE id IN (SELECT message FROM awaited) ORDER BY id"};
  sqlite::Statement counts{*database,
                           "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM bodies), "
                           "(SELECT count(*) FROM deliveries), "
                           "(SELECT count(*) FROM deliveries WHERE state = 0) + "
                           "(SELECT count(*) FROM deliveries WHERE state IN (3, 5, 6))"};
};

#undef GUICHET_DELIVERIES
#undef GUICHET_MESSAGES

IndexReader::IndexReader(std::shared_ptr<sqlite::Database> database)
    : connection_(std::make_unique<Connection>(std::move(database))) {}

IndexReader::~IndexReader() = default;

Result<std::unique_ptr<IndexReader>> IndexReader::open(const std::filesystem::path& file) {
  auto database = sqlite::Database::open_read(file);
  if (!database) return tl::make_unexpected(database.error());
  const auto identity = identify(**database);
  if (!identity) return tl::make_unexpected(identity.error());
  if (*identity == IndexIdentity::empty)
    return fail(ErrorKind::absent, "index " + file.string() + ": nothing in it yet");
  if (*identity == IndexIdentity::another)
    return fail(
        ErrorKind::foreign,
        "index " + file.string() + ": not an index of this release; a start of the gateway makes a new one");
  return std::unique_ptr<IndexReader>(new IndexReader(std::move(*database)));
}

Result<std::optional<IndexPosition>> IndexReader::position() {
  return connection_->position.first(read_position);
}

Result<std::vector<std::uint32_t>> IndexReader::merged() {
  return connection_->merged.all([](Row& row) { return static_cast<std::uint32_t>(row.integer()); });
}

Result<std::optional<BodyPlace>> IndexReader::body(const Digest& digest) {
  return connection_->body.first(read_body, digest);
}

Result<std::uint64_t> IndexReader::count_bodies() {
  return connection_->body_count.first([](sqlite::Row& row) { return row.octets(); })
      .map([](std::optional<std::uint64_t> count) { return count.value_or(0); });
}

Result<std::vector<Digest>> IndexReader::digests_after(const Digest& last, std::size_t limit) {
  return connection_->digests_after.all([](sqlite::Row& row) { return row.digest(); }, last, at_most(limit));
}

Result<std::optional<MessageRow>> IndexReader::message(const MessageId& id) {
  return connection_->message.first(read_message, id.uuid);
}

Result<std::vector<MessageRow>> IndexReader::newest(std::size_t limit, std::optional<MessageId> before) {
  if (!before) return connection_->newest.all(read_message, at_most(limit));
  return connection_->newest_before.all(read_message, before->uuid, at_most(limit));
}

// Ids first: a person pastes ids. Both are asked, since the same digits may begin an id and a digest.
Result<std::vector<MessageRow>> IndexReader::matching(const std::string& text, std::size_t limit) {
  const std::string wanted = lower_case(text);
  std::vector<MessageRow> rows;
  if (const auto ids = ids_of(wanted)) {
    auto found = connection_->by_id.all(read_message, ids->first, ids->last, at_most(limit));
    if (!found) return found;
    rows = std::move(*found);
  }
  if (const auto digests = digests_of(wanted)) {
    for (sqlite::Statement* with : {&connection_->with_body, &connection_->repeating}) {
      const auto found = with->all(read_message, digests->first, digests->last, at_most(limit));
      if (!found) return found;
      add_new(rows, *found, limit);
    }
  }
  return rows;
}

Result<std::vector<DeliveryRow>> IndexReader::deliveries(const MessageId& id) {
  return connection_->deliveries.all(read_delivery, id.uuid);
}

Result<std::vector<DeliveryRow>> IndexReader::deliveries_after(std::optional<DeliveryKey> last,
                                                               std::size_t limit) {
  if (!last) return connection_->all_deliveries.all(read_delivery, at_most(limit));
  return connection_->deliveries_after.all(read_delivery, last->message.uuid, last->uid.uuid, at_most(limit));
}

Result<std::vector<MessageId>> IndexReader::with_digest(const Digest& digest) {
  return connection_->with_digest.all([](Row& row) { return MessageId{row.uuid()}; }, digest);
}

Result<bool> IndexReader::is_held(const MessageId& id) {
  return connection_->held.first([](Row& row) { return row.integer() != 0; }, id.uuid)
      .map([](std::optional<bool> held) { return held.value_or(false); });
}

Result<bool> IndexReader::is_erased(const MessageId& id) {
  return connection_->erased.first([](Row& row) { return row.integer(); }, id.uuid).map([](const auto& row) {
    return row.has_value();
  });
}

Result<std::vector<DeliveryRow>> IndexReader::handed_over_since(Instant since, const std::string& maildrop) {
  return connection_->handed_over_since.all(read_delivery, since, maildrop);
}

static_assert(static_cast<int>(Way::discarded) == 5);
Result<std::vector<MessageRow>> IndexReader::discarded_before(Instant before, std::size_t limit) {
  return connection_->discarded_before.all(read_message, before, at_most(limit));
}

Result<std::vector<MessageRow>> IndexReader::handed_over_before(Instant before, std::size_t limit) {
  return connection_->handed_over_before.all(read_message, before, at_most(limit));
}

Result<void> IndexReader::hold() {
  return connection_->database->run("BEGIN");
}

// All that may be offered, in order of arrival: two small indexes, merged.
Result<std::vector<WaitingRow>> IndexReader::all_offerable(const std::string& maildrop) {
  auto rows = connection_->waiting.all(read_waiting, maildrop, std::int64_t{-1});
  if (!rows) return rows;
  const auto again = connection_->offered.all(read_offered, maildrop);
  if (!again) return again;
  const auto middle = static_cast<std::ptrdiff_t>(rows->size());
  rows->insert(rows->end(), again->begin(), again->end());
  std::ranges::inplace_merge(*rows, rows->begin() + middle, {}, &WaitingRow::place);
  return rows;
}

Result<std::vector<WaitingRow>> IndexReader::offerable(const OfferQuery& query) {
  if (query.limit == 0) return all_offerable(query.maildrop);
  auto rows = connection_->waiting.all(read_waiting, query.maildrop, at_most(query.limit));
  if (!rows) return rows;
  const auto left = std::max(query.limit - rows->size(), query.again);
  if (left == 0) return rows;
  const auto returned =
      connection_->returned.all(read_offered, query.maildrop, query.now, query.settle_us, at_most(left));
  if (!returned) return returned;
  rows->insert(rows->end(), returned->begin(), returned->end());
  return rows;
}

Result<std::vector<MoveRow>> IndexReader::moves(const DeliveryKey& delivery) {
  return connection_->moves.all(read_move, delivery.message.uuid, delivery.uid.uuid);
}

Result<std::vector<Place>> IndexReader::verdicts(const MessageId& id) {
  return connection_->verdicts.all([](Row& row) { return row.place(); }, id.uuid);
}

Result<std::vector<QueueRow>> IndexReader::queue(const std::string& maildrop, std::size_t limit) {
  return with_moves(connection_->pending.all(read_delivery, maildrop, at_most(limit)));
}

Result<std::vector<QueueRow>> IndexReader::quarantined(const std::string& maildrop, std::size_t limit) {
  return with_moves(connection_->quarantined.all(read_delivery, maildrop, at_most(limit)));
}

Result<std::vector<QueueRow>> IndexReader::with_moves(const Result<std::vector<DeliveryRow>>& deliveries) {
  if (!deliveries) return tl::unexpected(deliveries.error());
  std::vector<QueueRow> rows;
  for (const auto& delivery : *deliveries) {
    QueueRow row{.delivery = delivery, .offers = 0, .last = {}};
    if (delivery.state != DeliveryState::waiting) {
      auto befell = moves({delivery.message, delivery.uid});
      if (!befell) return tl::unexpected(befell.error());
      row.offers =
          static_cast<std::uint32_t>(std::ranges::count(*befell, MoveRow::Kind::offered, &MoveRow::kind));
      if (!befell->empty()) row.last = std::move(befell->back());
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::optional<DeliveryRow>> IndexReader::oldest_waiting() {
  return connection_->oldest_waiting.first(read_delivery);
}

Result<std::vector<BookRow>> IndexReader::books() {
  return connection_->books.all(read_book);
}

Result<std::vector<MessageRow>> IndexReader::undelivered() {
  return connection_->undelivered.all(read_message);
}

Result<IndexCounts> IndexReader::counts() {
  return connection_->counts.first(read_counts).map([](const auto& row) {
    return row.value_or(IndexCounts{});
  });
}

}  // namespace guichet::store
