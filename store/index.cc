// The one connection that writes.
#include "store/index.h"

#include <system_error>

#include "store/check.h"
#include "store/index_schema.h"
#include "store/lineage.h"
#include "store/sqlite.h"

namespace guichet::store {

namespace {

namespace fs = std::filesystem;

Result<void> set_aside(const fs::path& file) {
  std::error_code error;
  const auto beside = [&](const char* suffix) { return fs::path(file).concat(suffix); };
  fs::remove(beside("-wal"), error);
  fs::remove(beside("-shm"), error);
  fs::rename(file, beside(".foreign"), error);
  if (error)
    return fail(ErrorKind::io, "index " + file.string() + ": cannot be set aside: " + error.message());
  return {};
}

// Ours or empty; what is neither has been set aside.
Result<std::shared_ptr<sqlite::Database>> open_or_begin(const fs::path& file) {
  auto database = sqlite::Database::open_write(file);
  if (!database) return tl::make_unexpected(database.error());
  const auto identity = identify(**database);
  const bool damaged = !identity && identity.error().kind == ErrorKind::damaged;
  if (!identity && !damaged) return tl::make_unexpected(identity.error());
  if (!damaged && *identity != IndexIdentity::another) return std::shared_ptr(std::move(*database));

  database->reset();
  if (auto aside = set_aside(file); !aside) return tl::make_unexpected(aside.error());
  auto fresh = sqlite::Database::open_write(file);
  if (!fresh) return tl::make_unexpected(fresh.error());
  return std::shared_ptr(std::move(*fresh));
}

Result<void> make_ready(sqlite::Database& database) {
  if (auto configured = configure_writer(database); !configured) return configured;
  const auto identity = identify(database);
  if (!identity) return tl::make_unexpected(identity.error());
  return *identity == IndexIdentity::empty ? create_tables(database) : Result<void>{};
}

// The one place that says which state a delivery is in, given the row `d` of it and its moves. Facts may come
// twice and in any order, so it is derived anew from all of them, never from the state before. (An early
// re-queue, one without `as`, takes back what stands before it.)
#define GUICHET_MOVED(kind_, d)                                                                             \
  "EXISTS (SELECT 1 FROM moves m WHERE m.message = " d ".message AND m.uid = " d ".uid AND m.kind = " kind_ \
  " AND m.said_order > coalesce(" d ".requeued_order, 0))"
#define GUICHET_STATE(d) \
  "CASE WHEN " GUICHET_MOVED("2", d) " THEN 4 " \
  "WHEN " d ".handed_over_order > coalesce(" d ".requeued_order, 0) THEN 1 " \
  "WHEN " GUICHET_MOVED("4", d) " THEN 6 WHEN " GUICHET_MOVED("1", d) " THEN 3 " \
  "WHEN " GUICHET_MOVED("0", d) " THEN 5 ELSE 0 END"

// Later in the volumes is larger. Merged volumes (numbers from 1,000,000) hold what was before all that this
// store itself has written, so its own come last. 7 bits of lineage, 20 of volume, 36 of offset.
std::int64_t order_of(Place place) {
  constexpr std::uint32_t volumes_max = 1'000'000, own = 127;
  const std::uint64_t lineage = place.volume / volumes_max;
  return static_cast<std::int64_t>((lineage == 0 ? own : lineage) << 56 |
                                   std::uint64_t{place.volume % volumes_max} << 36 | place.offset);
}

// Calls `add` with each fact of one kind and its place, until one fails.
template <class Kind, class Add>
Result<void> each(std::span<const News> news, Add add) {
  for (const News& item : news) {
    const auto* fact = std::get_if<NewFact>(&item);
    const auto* wanted = fact ? std::get_if<Kind>(&fact->fact) : nullptr;
    if (!wanted) continue;
    if (auto added = add(*wanted, fact->place); !added) return added;
  }
  return {};
}

}  // namespace

// is_earlier() of store/lineage.h: of the body that is known, and the place ?2, ?3.
#define GUICHET_IS_EARLIER "(volume < 1000000, volume, offset) < (?2 < 1000000, ?2, ?3)"
static_assert(lineage_stride == 1'000'000);

struct Index::State {
  explicit State(std::shared_ptr<sqlite::Database> opened)
      : database(std::move(opened)), reader(new IndexReader(database)) {}

  // A failure inside a rebuild may have ended its transaction already: nothing is applied any more until its
  // end is called, or half of a new index would be written over the old one.
  enum class Mode { ordinary, rebuilding, rebuild_failed, merging };

  Result<void> write(std::span<const News> news);
  Result<void> write(std::span<const News> news, const IndexPosition& end);
  Result<void> add_bodies(std::span<const News> news);
  Result<void> add(const NewBody& body);
  Result<void> add(const Delivered& fact, Place place);
  Result<void> add(const Received& fact, Place place);
  Result<void> add(const HandedOver& fact, Place place);
  Result<void> add(const Requeued& fact, Place place);
  Result<void> add(const Offered& fact, Place place);
  Result<void> add(const Stuck& fact, Place place);
  Result<void> add(const Confirmed& fact, Place place);
  Result<void> add(const Quarantined& fact, Place place);
  Result<void> add(const Judged& fact, Place place) {
    return add_verdict.run(fact.message.uuid, order_of(place), place.volume, place.offset);
  }
  template <class Move>
  Result<void> add_move(const Move& fact, Place place, MoveRow::Kind kind, const std::string& detail,
                        std::optional<std::int64_t> outcome = {});
  Result<void> add_moves(std::span<const News> news);
  Result<void> add(const Held& fact, Place place) { return hold.run(fact.message.uuid, 1u, order_of(place)); }
  Result<void> add(const Released& fact, Place place) {
    return hold.run(fact.message.uuid, 0u, order_of(place));
  }
  Result<void> add(const Erased& fact, Place place);
  Result<void> add(const ErasedDelivery& delivery, const Erased& fact, Place place);
  Result<void> apply_alone(std::span<const News> news, const IndexPosition& end);
  Result<void> apply_rebuilding(std::span<const News> news, const IndexPosition& end);
  void roll_back();

  std::shared_ptr<sqlite::Database> database;
  std::unique_ptr<IndexReader> reader;
  Mode mode = Mode::ordinary;

  sqlite::Statement begin{*database, "BEGIN IMMEDIATE"};
  sqlite::Statement commit{*database, "COMMIT"};
  sqlite::Statement empty_log{*database, "PRAGMA wal_checkpoint(TRUNCATE)"};
  sqlite::Statement rollback{*database, "ROLLBACK"};
  sqlite::Statement set_position{*database, "INSERT OR REPLACE INTO position VALUES (1, ?1, ?2, ?3)"};
  sqlite::Statement add_body{*database, "INSERT OR IGNORE INTO bodies VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
  sqlite::Statement release_body{*database,
                                 "UPDATE messages SET repeats = 1 WHERE id = (SELECT message FROM bodies "
                                 "WHERE digest = ?1 AND " GUICHET_IS_EARLIER ")"};
  sqlite::Statement renew_body{*database,
                               "UPDATE bodies SET volume = ?2, offset = ?3, size_octets = ?4, message = ?5, "
                               "date_us = ?6 WHERE digest = ?1 AND " GUICHET_IS_EARLIER};
  sqlite::Statement add_message{*database,
                                "INSERT OR IGNORE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                                "(SELECT message FROM bodies WHERE digest = ?2) IS NOT ?1)"};
  sqlite::Statement await_recipient{
      *database,
      "INSERT OR IGNORE INTO awaited SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 "
      "FROM deliveries WHERE message = ?1 AND recipient = ?2 AND maildrop = ?3)"};
  sqlite::Statement await_no_more{
      *database, "DELETE FROM awaited WHERE message = ?1 AND recipient = ?2 AND maildrop = ?3"};
  sqlite::Statement add_delivery{
      *database,
      "INSERT OR IGNORE INTO deliveries SELECT ?1, ?2, ?3, ?4, "
      "CASE WHEN e.uid IS NULL THEN 0 ELSE " GUICHET_STATE("e") " END, ?5, ?6, ?7, ?8, "
      "iif(e.handed_over_order > coalesce(e.requeued_order, 0), e.handed_over_us, NULL), "
      "e.handed_over_order, e.requeued_order, "
      "iif(e.handed_over_order > coalesce(e.requeued_order, 0), e.how, NULL) "
      "FROM (SELECT 1) LEFT JOIN early_hand_overs e ON e.message = ?1 AND e.uid = ?2"};
  // The first hand-over after a re-queue counts, said twice it is harmless.
  sqlite::Statement hand_over{*database,
                              "UPDATE deliveries SET state = iif(state = 4, 4, 1), handed_over_us = ?3, "
                              "handed_over_order = ?4, how = ?5 "
                              "WHERE message = ?1 AND uid = ?2 AND state <> 2 "
                              "AND coalesce(handed_over_order, 0) <= coalesce(requeued_order, 0) "
                              "AND coalesce(requeued_order, 0) < ?4"};
  sqlite::Statement hand_over_early{
      *database,
      "INSERT INTO early_hand_overs SELECT ?1, ?2, ?3, ?4, NULL, ?5 WHERE NOT EXISTS "
      "(SELECT 1 FROM deliveries WHERE message = ?1 AND uid = ?2) "
      "ON CONFLICT DO UPDATE SET handed_over_us = ?3, handed_over_order = ?4, how = ?5 "
      "WHERE coalesce(handed_over_order, 0) <= coalesce(requeued_order, 0) AND coalesce(requeued_order, 0) < "
      "?4"};
  sqlite::Statement requeue{*database,
                            "UPDATE deliveries SET handed_over_us = NULL, how = NULL, requeued_order = ?3 "
                            "WHERE message = ?1 AND uid = ?2 AND state <> 2 "
                            "AND coalesce(requeued_order, 0) < ?3 AND coalesce(handed_over_order, 0) < ?3"};
  sqlite::Statement requeue_early{
      *database,
      "INSERT INTO early_hand_overs SELECT ?1, ?2, NULL, NULL, ?3, NULL WHERE NOT EXISTS "
      "(SELECT 1 FROM deliveries WHERE message = ?1 AND uid = ?2) "
      "ON CONFLICT DO UPDATE SET requeued_order = max(coalesce(requeued_order, 0), ?3)"};
  sqlite::Statement move{*database,
                         "INSERT OR IGNORE INTO moves SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
                         "WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE message = ?1)"};
  sqlite::Statement settle{*database, "UPDATE deliveries SET state = " GUICHET_STATE(
                                          "deliveries") " WHERE message = ?1 AND uid = ?2 AND state <> 2"};
  sqlite::Statement move_early{*database,
                               "INSERT OR IGNORE INTO early_hand_overs SELECT ?1, ?2, NULL, NULL, NULL, NULL "
                               "WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE message = ?1 AND uid = ?2)"};
  sqlite::Statement add_verdict{*database,
                                "INSERT OR IGNORE INTO verdicts SELECT ?1, ?2, ?3, ?4 "
                                "WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE message = ?1)"};
  sqlite::Statement drop_verdicts{*database, "DELETE FROM verdicts WHERE message = ?1"};
  sqlite::Statement drop_moves{*database, "DELETE FROM moves WHERE message = ?1"};
  sqlite::Statement hold{*database,
                         "INSERT INTO holds VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET held = ?2, "
                         "said_order = ?3 WHERE said_order < ?3"};
  sqlite::Statement add_erasure{*database, "INSERT OR IGNORE INTO erasures VALUES (?1, ?2)"};
  sqlite::Statement blank_message{*database,
                                  "INSERT OR REPLACE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)"};
  sqlite::Statement await_nobody{*database, "DELETE FROM awaited WHERE message = ?1"};
  sqlite::Statement drop_deliveries{*database, "DELETE FROM deliveries WHERE message = ?1"};
  sqlite::Statement blank_delivery{
      *database,
      "INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3, '', 2, ?4, ?5, 0, ?6, ?7, NULL, NULL, NULL)"};
  sqlite::Statement drop_body{*database, "DELETE FROM bodies WHERE digest = ?1 AND message = ?2"};
  sqlite::Statement note_merged{*database, "INSERT OR IGNORE INTO merged VALUES (?1)"};
};

#undef GUICHET_STATE
#undef GUICHET_MOVED
#undef GUICHET_IS_EARLIER

Result<void> Index::State::add_bodies(std::span<const News> news) {
  for (const News& item : news)
    if (const auto* body = std::get_if<NewBody>(&item))
      if (auto added = add(*body); !added) return added;
  return {};
}

// The same octets in full once more: as a rule because the earlier ones could not be read back.
Result<void> Index::State::add(const NewBody& body) {
  const auto& [volume, offset, octets, message, date] = body.place;
  auto added = add_body.run(body.digest, volume, offset, octets, message.uuid, date);
  if (!added || database->changed()) return added;
  auto released = release_body.run(body.digest, volume, offset);
  return released ? renew_body.run(body.digest, volume, offset, octets, message.uuid, date) : released;
}

Result<void> Index::State::add(const Delivered& fact, Place place) {
  const auto& [address, maildrop] = fact.recipient;
  auto added = add_delivery.run(fact.message.uuid, fact.uid.uuid, maildrop, address, place.volume,
                                place.offset, fact.form.size_octets, fact.at);
  if (!added || !database->changed()) return added;
  return await_no_more.run(fact.message.uuid, address, maildrop);
}

Result<void> Index::State::add(const Received& fact, Place place) {
  auto added =
      add_message.run(fact.message.uuid, fact.digest, fact.at, fact.size_octets, place.volume, place.offset);
  if (!added || !database->changed()) return added;
  for (const auto& [address, maildrop] : fact.recipients)
    if (auto awaited = await_recipient.run(fact.message.uuid, address, maildrop); !awaited) return awaited;
  return {};
}

Result<void> Index::State::add(const HandedOver& fact, Place place) {
  const auto how = static_cast<std::int64_t>(fact.how);
  auto handed_over = hand_over.run(fact.message.uuid, fact.uid.uuid, fact.at, order_of(place), how);
  if (!handed_over || database->changed()) return handed_over;
  return hand_over_early.run(fact.message.uuid, fact.uid.uuid, fact.at, order_of(place), how);
}

Result<void> Index::State::add(const Requeued& fact, Place place) {
  if (fact.as) return add_move(fact, place, MoveRow::Kind::requeued, fact.as->uuid.text());
  auto requeued = requeue.run(fact.message.uuid, fact.uid.uuid, order_of(place));
  if (!requeued) return requeued;
  if (database->changed()) return settle.run(fact.message.uuid, fact.uid.uuid);
  return requeue_early.run(fact.message.uuid, fact.uid.uuid, order_of(place));
}

Result<void> Index::State::add(const Offered& fact, Place place) {
  return add_move(fact, place, MoveRow::Kind::offered, fact.detail, static_cast<std::int64_t>(fact.outcome));
}

Result<void> Index::State::add(const Stuck& fact, Place place) {
  return add_move(fact, place, MoveRow::Kind::stuck, fact.reason);
}

Result<void> Index::State::add(const Quarantined& fact, Place place) {
  return add_move(fact, place, MoveRow::Kind::quarantined, fact.reason);
}

Result<void> Index::State::add(const Confirmed& fact, Place place) {
  return add_move(fact, place, MoveRow::Kind::confirmed, "");
}

template <class Move>
Result<void> Index::State::add_move(const Move& fact, Place place, MoveRow::Kind kind,
                                    const std::string& detail, std::optional<std::int64_t> outcome) {
  const auto &message = fact.message.uuid, &uid = fact.uid.uuid;
  return move.run(message, uid, order_of(place), static_cast<std::int64_t>(kind), fact.at, outcome, detail)
      .and_then([&] { return settle.run(message, uid); })
      .and_then([&] { return database->changed() ? Result<void>() : move_early.run(message, uid); });
}

// What undoes each other is told in its order.
Result<void> Index::State::add_moves(std::span<const News> news) {
  const auto is_move = []<class Kind>(const Kind&) {
    return std::is_same_v<Kind, HandedOver> || std::is_same_v<Kind, Requeued> ||
           std::is_same_v<Kind, Offered> || std::is_same_v<Kind, Stuck> || std::is_same_v<Kind, Confirmed> ||
           std::is_same_v<Kind, Quarantined>;
  };
  for (const News& item : news) {
    const auto* known = std::get_if<NewFact>(&item);
    if (!known || !std::visit(is_move, known->fact)) continue;
    auto added = std::visit([&](const auto& fact) { return add(fact, known->place); }, known->fact);
    if (!added) return added;
  }
  return {};
}

// What stays says nothing of anybody: no address, no sender, no octets.
Result<void> Index::State::add(const Erased& fact, Place place) {
  const auto& id = fact.message.uuid;
  auto done = add_erasure.run(id, fact.at)
                  .and_then([&] {
                    return blank_message.run(id, fact.digest, fact.received, fact.size_octets, place.volume,
                                             place.offset);
                  })
                  .and_then([&] { return await_nobody.run(id); })
                  .and_then([&] { return drop_deliveries.run(id); })
                  .and_then([&] { return drop_moves.run(id); })
                  .and_then([&] { return drop_verdicts.run(id); });
  for (const auto& delivery : fact.deliveries)
    if (done) done = add(delivery, fact, place);
  for (const auto& record : fact.records)
    if (done) done = drop_body.run(fact.digest, record);
  return done;
}

Result<void> Index::State::add(const ErasedDelivery& delivery, const Erased& fact, Place place) {
  return blank_delivery.run(fact.message.uuid, delivery.uid.uuid, delivery.maildrop, place.volume,
                            place.offset, delivery.at, delivery.handed_over);
}

// The outcome does not depend on the order of facts, so it is chosen: deliveries before their messages, since
// a recipient that has its delivery already need not be written down as awaited and struck out again.
Result<void> Index::State::write(std::span<const News> news) {
  return add_bodies(news)
      .and_then(
          [&] { return each<Delivered>(news, [&](const auto& fact, Place at) { return add(fact, at); }); })
      .and_then(
          [&] { return each<Received>(news, [&](const auto& fact, Place at) { return add(fact, at); }); })
      .and_then([&] { return add_moves(news); })
      .and_then([&] { return each<Judged>(news, [&](const auto& fact, Place at) { return add(fact, at); }); })
      .and_then([&] { return each<Held>(news, [&](const auto& fact, Place at) { return add(fact, at); }); })
      .and_then(
          [&] { return each<Released>(news, [&](const auto& fact, Place at) { return add(fact, at); }); })
      .and_then(
          [&] { return each<Erased>(news, [&](const auto& fact, Place at) { return add(fact, at); }); });
}

Result<void> Index::State::write(std::span<const News> news, const IndexPosition& end) {
  return write(news).and_then([&] { return set_position.run(end.end.volume, end.end.offset, end.chain); });
}

// Some errors have rolled back by themselves; of the others nothing may stay.
void Index::State::roll_back() {
  if (database->in_transaction()) static_cast<void>(rollback.run());
}

Result<void> Index::State::apply_alone(std::span<const News> news, const IndexPosition& end) {
  roll_back();  // an exception may have left a transaction open
  auto done = begin.run().and_then([&] { return write(news, end); }).and_then([&] { return commit.run(); });
  if (!done) roll_back();
  return done;
}

Result<void> Index::State::apply_rebuilding(std::span<const News> news, const IndexPosition& end) {
  auto done = write(news, end);
  if (!done) {
    roll_back();
    mode = Mode::rebuild_failed;
  }
  return done;
}

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return fail(ErrorKind::io, "index " + file.string() + ": no folder for it: " + error.message());
  auto database = open_or_begin(file);
  if (!database) return tl::make_unexpected(database.error());
  if (auto ready = make_ready(**database); !ready) return tl::make_unexpected(ready.error());
  return std::unique_ptr<Index>(new Index(std::make_unique<State>(std::move(*database))));
}

Result<std::unique_ptr<Index>> Index::open_anew(const fs::path& file) {
  if (auto aside = set_aside(file); !aside) return tl::make_unexpected(aside.error());
  return open(file);
}

Result<void> Index::apply(std::span<const News> news, const IndexPosition& end) {
  switch (state_->mode) {
    case State::Mode::ordinary:
      return state_->apply_alone(news, end);
    case State::Mode::rebuilding:
      return state_->apply_rebuilding(news, end);
    case State::Mode::rebuild_failed:
    case State::Mode::merging:
      break;
  }
  return fail(ErrorKind::stopped, "index: this rebuild has failed, the index is as it was before");
}

Result<void> Index::begin_rebuild() {
  GUICHET_CHECK(state_->mode == State::Mode::ordinary);
  auto begun = set_cache(*state_->database, CacheFor::rebuild)
                   .and_then([&] { return state_->begin.run(); })
                   .and_then([&] { return empty_tables(*state_->database); });
  if (!begun) {
    state_->roll_back();
    return begun;
  }
  state_->mode = State::Mode::rebuilding;
  return begun;
}

Result<void> Index::end_rebuild() {
  GUICHET_CHECK(state_->mode != State::Mode::ordinary);
  const bool failed = state_->mode == State::Mode::rebuild_failed;
  state_->mode = State::Mode::ordinary;
  if (failed) return fail(ErrorKind::stopped, "index: the rebuild has failed, the index is as it was before");
  auto done = state_->commit.run();
  if (!done) state_->roll_back();
  static_cast<void>(set_cache(*state_->database, CacheFor::service));  // memory, no more
  return done;
}

void Index::abandon_rebuild() {
  if (state_->mode == State::Mode::ordinary) return;
  state_->mode = State::Mode::ordinary;
  state_->roll_back();
  static_cast<void>(set_cache(*state_->database, CacheFor::service));
}

Result<void> Index::empty_log() {
  const auto busy = state_->empty_log.first([](sqlite::Row& row) { return row.integer(); });
  if (!busy) return tl::make_unexpected(busy.error());
  if (busy->value_or(0) != 0) return fail(ErrorKind::busy, "index: its log is being read");
  return {};
}

// --- Volumes of other lineages -------------------------------------------------------------------------

Result<void> Index::begin_merged() {
  if (state_->mode == State::Mode::rebuilding) return {};
  GUICHET_CHECK(state_->mode == State::Mode::ordinary);
  state_->roll_back();
  auto begun = state_->begin.run();
  if (begun) state_->mode = State::Mode::merging;
  return begun;
}

Result<void> Index::add_merged(std::span<const News> news) {
  auto done = state_->write(news);
  if (!done && state_->mode == State::Mode::rebuilding) {
    state_->roll_back();
    state_->mode = State::Mode::rebuild_failed;
  }
  return done;
}

Result<void> Index::end_merged(std::uint32_t volume) {
  auto noted = state_->note_merged.run(volume);
  if (state_->mode != State::Mode::merging) return noted;
  if (noted) noted = state_->commit.run();
  abandon_merged();
  return noted;
}

void Index::abandon_merged() {
  if (state_->mode != State::Mode::merging) return;
  state_->mode = State::Mode::ordinary;
  state_->roll_back();
}

IndexReader& Index::reader() {
  return *state_->reader;
}

}  // namespace guichet::store
