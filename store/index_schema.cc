#include "store/index_schema.h"

#include <string>

#include "store/index.h"

namespace guichet::store {

namespace {

constexpr int application_id = 0x47756963;  // "Guic", where `file` and sqlite3 look for whose a database is

// Identities and digests are blobs, instants microseconds since 1970, places a volume and an offset.
//
// What costs time here is the number of pages that a batch touches, since each goes to the log whole. Ids
// sort by time, so a table in their order is appended to and a batch touches a page or two of it; digests
// have no order, and each new one touches a page of its own. Therefore:
// - bodies is the only table by digest. A message whose octets came with it is found through its body; only
// those
//   that repeat earlier octets, or have none known, are in an index of digests of their own.
// - deliveries are kept under their message, where a hand-over finds them too: it names both.
// - most deliveries are handed over at the first offer and done with: what was never offered has an index of
// its
//   own, never larger than that, in order of place, which is the order of arrival, and with all that a POP3
//   listing needs (`state`, always 0 in it, is there because SQLite reads the row for it otherwise). What was
//   offered in vain, or is stuck, is little: another small index.
//
// awaited: recipients that have no delivery yet, by name and not as a number in `messages`: a set stays right
//          when facts come twice, out of order, or when a message is delivered again to the same recipient.
// moves: whatever befell a delivery besides being handed over; one row for each fact, by its order, so that
// it
//        does not matter how often or in which order facts are told. kind: 0 offered, 1 stuck, 2 re-queued as
//        another, 3 confirmed, 4 quarantined. detail: 0 to 3, the outcome of an offer (OfferOutcome).
// early_hand_overs: what befell deliveries that are not known yet; the row is there for moves too.
// verdicts: where findings about a message are told; the last in order counts.
// holds, erasures: what was said of messages.
// merged: which volumes of other lineages (store/lineage.h) are in here; `position` is of the store's own.
//
// state: 0 never offered, 1 handed over, 2 erased, 3 stuck, 4 re-queued as another, 5 offered and waiting
// again, 6 quarantined; derived in one place (state_of in index.cc). Of hand-over and re-queue the later one
// counts. Later is what stands later in the volumes (order_of in index.cc), not what a clock says that may
// have been set back. how: HandedOver's Way.
constexpr const char* tables = R"sql(
  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    volume INTEGER NOT NULL, offset INTEGER NOT NULL, chain BLOB NOT NULL
  );
  CREATE TABLE bodies (
    digest BLOB PRIMARY KEY,
    volume INTEGER NOT NULL, offset INTEGER NOT NULL, size_octets INTEGER NOT NULL,
    message BLOB NOT NULL, date_us INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE messages (
    id BLOB PRIMARY KEY,
    digest BLOB NOT NULL, received_us INTEGER NOT NULL, size_octets INTEGER NOT NULL,
    volume INTEGER NOT NULL, offset INTEGER NOT NULL, repeats INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX messages_repeating ON messages (digest) WHERE repeats = 1;
  CREATE TABLE awaited (
    message BLOB NOT NULL, recipient TEXT NOT NULL, maildrop TEXT NOT NULL,
    PRIMARY KEY (message, recipient, maildrop)
  ) WITHOUT ROWID;
  CREATE TABLE deliveries (
    message BLOB NOT NULL, uid BLOB NOT NULL,
    maildrop TEXT NOT NULL, recipient TEXT NOT NULL, state INTEGER NOT NULL,
    volume INTEGER NOT NULL, offset INTEGER NOT NULL, size_octets INTEGER NOT NULL,
    at_us INTEGER NOT NULL, handed_over_us INTEGER, handed_over_order INTEGER, requeued_order INTEGER,
    how INTEGER,
    PRIMARY KEY (message, uid)
  ) WITHOUT ROWID;
  CREATE INDEX deliveries_waiting ON deliveries (maildrop, volume, offset, size_octets, state) WHERE state = 0;
  CREATE INDEX deliveries_troubled ON deliveries (maildrop, state, volume, offset) WHERE state IN (3, 5, 6);
  CREATE INDEX deliveries_discarded ON deliveries (handed_over_us, message) WHERE how = 5 AND maildrop <> '';
  CREATE TABLE moves (
    message BLOB NOT NULL, uid BLOB NOT NULL, said_order INTEGER NOT NULL,
    kind INTEGER NOT NULL, at_us INTEGER NOT NULL, outcome INTEGER, detail TEXT NOT NULL,
    PRIMARY KEY (message, uid, said_order)
  ) WITHOUT ROWID;
  CREATE TABLE early_hand_overs (
    message BLOB NOT NULL, uid BLOB NOT NULL,
    handed_over_us INTEGER, handed_over_order INTEGER, requeued_order INTEGER, how INTEGER,
    PRIMARY KEY (message, uid)
  ) WITHOUT ROWID;
  CREATE TABLE holds (
    message BLOB PRIMARY KEY, held INTEGER NOT NULL, said_order INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE verdicts (
    message BLOB NOT NULL, said_order INTEGER NOT NULL, volume INTEGER NOT NULL, offset INTEGER NOT NULL,
    PRIMARY KEY (message, said_order)
  ) WITHOUT ROWID;
  CREATE TABLE erasures (message BLOB PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE merged (volume INTEGER PRIMARY KEY);
)sql";

Result<std::int64_t> number(sqlite::Database& database, std::string_view sql) {
  return sqlite::Statement(database, sql)
      .first([](sqlite::Row& row) { return row.integer(); })
      .map([](std::optional<std::int64_t> value) { return value.value_or(0); });
}

Result<std::string> text(sqlite::Database& database, std::string_view sql) {
  return sqlite::Statement(database, sql)
      .first([](sqlite::Row& row) { return row.text(); })
      .map([](std::optional<std::string> value) { return std::move(value).value_or(""); });
}

Result<IndexIdentity> identify_database(sqlite::Database& database) {
  const auto application = number(database, "PRAGMA application_id");
  if (!application) return tl::make_unexpected(application.error());
  const auto version = number(database, "PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  const auto parts = number(database, "SELECT count(*) FROM sqlite_schema");
  if (!parts) return tl::make_unexpected(parts.error());

  if (*application == application_id && *version == index_version) return IndexIdentity::ours;
  return *application == 0 && *version == 0 && *parts == 0 ? IndexIdentity::empty : IndexIdentity::another;
}

}  // namespace

Result<IndexIdentity> identify(sqlite::Database& database) {
  auto identity = identify_database(database);
  if (!identity && identity.error().kind == ErrorKind::foreign) return IndexIdentity::another;
  return identity;
}

// A checkpoint each 16 MiB of log: seldom enough to cost a transaction nothing on average, often enough that
// the log stays small. What a long reader or a rebuild makes of it is cut back to 64 MiB.
Result<void> configure_writer(sqlite::Database& database) {
  const auto mode = text(database, "PRAGMA journal_mode = WAL");
  if (!mode) return tl::make_unexpected(mode.error());
  if (*mode != "wal") return fail(ErrorKind::io, "index: no write-ahead log on this file system");
  return database.run(
      "PRAGMA synchronous = NORMAL;"
      "PRAGMA wal_autocheckpoint = 4000;"
      "PRAGMA journal_size_limit = 67108864;"
      "PRAGMA cache_size = -16384;"
      "PRAGMA secure_delete = ON;"
      "PRAGMA temp_store = MEMORY;");
}

Result<void> create_tables(sqlite::Database& database) {
  return database.run("BEGIN IMMEDIATE;" + std::string(tables) +
                      "PRAGMA application_id = " + std::to_string(application_id) + ";" +
                      "PRAGMA user_version = " + std::to_string(index_version) + "; COMMIT;");
}

// Digests come in no order: with a cache that holds the most of them a page is written once, not each time.
Result<void> set_cache(sqlite::Database& database, CacheFor use) {
  return database.run(use == CacheFor::rebuild ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -16384");
}

Result<void> empty_tables(sqlite::Database& database) {
  return database.run(
      "DELETE FROM position; DELETE FROM bodies; DELETE FROM messages; DELETE FROM awaited;"
      "DELETE FROM deliveries; DELETE FROM early_hand_overs; DELETE FROM holds; DELETE FROM erasures;"
      "DELETE FROM merged; DELETE FROM moves; DELETE FROM verdicts;");
}

}  // namespace guichet::store
