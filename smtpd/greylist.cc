#include "smtpd/greylist.h"

#include <algorithm>
#include <new>
#include <system_error>

#include "smtpd/ascii.h"
#include "smtpd/ip_address.h"

namespace guichet::smtpd {
namespace {

using store::Result;
using store::sqlite::Row;
using store::sqlite::Statement;

constexpr std::size_t address_octets_max = 320;  // RFC 5321 4.5.3.1: 64, an @, 255
constexpr std::int64_t retry_after_s = 60;       // a broken database is tried again
constexpr std::int64_t forget_each = 1000;       // writes; so many rows too many there may be
constexpr std::int64_t version = 2;
constexpr std::int64_t overlap_s = 86'400;  // what was being received while it was last learnt

// WITHOUT ROWID: the key is the row. NORMAL would sync at each checkpoint; what is lost here may be lost.
constexpr const char* pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF";
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS tries (client TEXT, sender TEXT, recipient TEXT, first INTEGER,"
    " PRIMARY KEY (client, sender, recipient)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS tries_by_age ON tries (first);"
    "CREATE TABLE IF NOT EXISTS known (client TEXT, sender TEXT, last INTEGER,"
    " PRIMARY KEY (client, sender)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS known_by_sender ON known (sender);"
    "CREATE INDEX IF NOT EXISTS known_by_age ON known (last);"
    "CREATE TABLE IF NOT EXISTS learnt (at INTEGER);"
    "PRAGMA user_version = 2";

std::string folded(std::string_view address) {
  std::string out(address.substr(0, address_octets_max));
  std::transform(out.begin(), out.end(), out.begin(), ascii_upper);
  return out;
}

std::string place_of(const std::string& client) {
  const auto address = parse_ip(client);
  return address ? neighbourhood(*address) : client;
}

std::int64_t number(Row& row) {
  return row.integer();
}

bool is_no_database(const store::Error& error) {
  return error.kind == store::ErrorKind::damaged || error.kind == store::ErrorKind::foreign;
}

}  // namespace

struct Greylist::Statements {
  explicit Statements(store::sqlite::Database& database)
      : find_known(database,
                   "SELECT 1 FROM known WHERE (client = ?1 OR (sender = ?2 AND sender <> '')) AND last >= ?3"
                   " LIMIT 1"),
        find_client(database, "SELECT 1 FROM known WHERE client = ?1 AND last >= ?2 LIMIT 1"),
        find_try(database, "SELECT first FROM tries WHERE client = ? AND sender = ? AND recipient = ?"),
        add_try(database, "INSERT OR REPLACE INTO tries VALUES (?, ?, ?, ?)"),
        add_known(database,
                  "INSERT INTO known VALUES (?, ?, ?)"
                  " ON CONFLICT DO UPDATE SET last = max(last, excluded.last)"),
        forget_tries(database, "DELETE FROM tries WHERE first < ?"),
        forget_known(database, "DELETE FROM known WHERE last < ?"),
        one_too_many(database, "SELECT first FROM tries ORDER BY first DESC LIMIT 1 OFFSET ?"),
        trim_tries(database, "DELETE FROM tries WHERE first <= ?"),
        trim_known(database,
                   "DELETE FROM known WHERE last <= (SELECT last FROM known ORDER BY last DESC"
                   " LIMIT 1 OFFSET ?)"),
        find_learnt(database, "SELECT at FROM learnt ORDER BY at DESC LIMIT 1"),
        add_learnt(database, "INSERT INTO learnt VALUES (?)") {}
  Statement find_known, find_client, find_try, add_try, add_known;
  Statement forget_tries, forget_known, one_too_many, trim_tries, trim_known;
  Statement find_learnt, add_learnt;
};

Greylist::Greylist(GreylistOptions options, store::Clock& clock, store::Alarm alarm)
    : options_(std::move(options)), clock_(clock), alarm_(std::move(alarm)), learning_(options_.learns) {}

Greylist::~Greylist() {
  close();
}

std::int64_t Greylist::now_s() {
  return clock_.now().unix_us / 1'000'000;
}

// What this throws is a lack of memory, and no reason to put anybody off.
Greylisting Greylist::ask(const Key& key) try {
  const std::lock_guard lock(mutex_);
  return ask_now(key);
} catch (const std::bad_alloc&) {
  return Greylisting::unavailable;
}

Greylisting Greylist::ask_now(const Key& key) {
  const auto now = now_s();
  auto found = open_for_writing(now).and_then([&] { return find(key, now); });
  if (found && *found == Greylisting::first) {
    if (auto kept = remember(key, now); !kept) found = tl::unexpected(kept.error());
  }
  if (!found) {
    give_up(found.error(), now);
    return Greylisting::unavailable;
  }
  const bool cannot_say = learning_ || now < flooded_until_s_;
  return cannot_say && *found != Greylisting::known ? Greylisting::unavailable : *found;
}

Greylisting Greylist::look(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (!database_) {
    const auto opened = open(false);
    if (!opened && opened.error().kind == store::ErrorKind::absent) return Greylisting::first;
    if (!opened) return Greylisting::unavailable;
  }
  return find(key, now_s()).value_or(Greylisting::unavailable);
}

bool Greylist::delivered(const std::string& client, const std::string& sender,
                         std::optional<store::Instant> at) try {
  const std::lock_guard lock(mutex_);
  const auto now = now_s();
  const auto when = at ? at->unix_us / 1'000'000 : now;
  auto done =
      open_for_writing(now)
          .and_then([&] { return statements_->add_known.run(place_of(client), folded(sender), when); })
          .and_then([&] { return forget(now); });
  if (!done) give_up(done.error(), now);
  return done.has_value();
} catch (const std::bad_alloc&) {
  return false;
}

bool Greylist::delivered_before(const std::string& client) try {
  const std::lock_guard lock(mutex_);
  const auto now = now_s();
  const auto found = open_for_writing(now).and_then(
      [&] { return statements_->find_client.first(number, place_of(client), now - options_.known_s); });
  if (!found) give_up(found.error(), now);
  return learning_ || !found || found->has_value();
} catch (const std::bad_alloc&) {
  return true;
}

std::optional<store::Instant> Greylist::learning_since() {
  const std::lock_guard lock(mutex_);
  if (!learning_) return std::nullopt;
  const auto now = now_s();
  const auto mark = open_for_writing(now).and_then([&] { return statements_->find_learnt.first(number); });
  if (!mark) {
    give_up(mark.error(), now);
    return std::nullopt;
  }
  const auto since = mark->has_value() ? **mark - overlap_s : now - options_.known_s;
  return store::Instant{since * 1'000'000};
}

void Greylist::learnt() {
  const std::lock_guard lock(mutex_);
  const auto now = now_s();
  const auto done = open_for_writing(now).and_then([&] { return statements_->add_learnt.run(now); });
  if (!done) return give_up(done.error(), now);
  learning_ = false;
}

Result<Greylisting> Greylist::find(const Key& key, std::int64_t now) {
  const auto client = place_of(key.client);
  const auto sender = folded(key.sender);
  const auto known = statements_->find_known.first(number, client, sender, now - options_.known_s);
  if (!known) return tl::unexpected(known.error());
  if (*known) return Greylisting::known;
  const auto first = statements_->find_try.first(number, client, sender, folded(key.recipient));
  if (!first) return tl::unexpected(first.error());
  // A clock that was set back makes nobody wait for it to catch up.
  if (!*first || now - **first > options_.window_s || **first > now) return Greylisting::first;
  return now - **first < options_.delay_s ? Greylisting::too_soon : Greylisting::waited;
}

Result<void> Greylist::remember(const Key& key, std::int64_t now) {
  auto done = statements_->add_try.run(place_of(key.client), folded(key.sender), folded(key.recipient), now);
  return done.and_then([&] { return forget(now); });
}

Result<void> Greylist::forget(std::int64_t now) {
  if (writes_++ % std::min(forget_each, options_.rows_max) != 0) return {};
  auto& all = *statements_;
  return all.forget_tries.run(now - options_.window_s)
      .and_then([&] { return all.forget_known.run(now - options_.known_s); })
      .and_then([&] { return trim_tries(now); })
      .and_then([&] { return all.trim_known.run(options_.rows_max); });
}

// Pushed out before its delay was over, an honest try would be a first one for ever: whoever floods the table
// has turned greylisting off for a while.
Result<void> Greylist::trim_tries(std::int64_t now) {
  const auto cut = statements_->one_too_many.first(number, options_.rows_max);
  if (!cut) return tl::unexpected(cut.error());
  if (!*cut) return {};
  if (**cut > now - options_.delay_s) flooded_until_s_ = now + options_.delay_s;
  return statements_->trim_tries.run(**cut);
}

// --- The file ------------------------------------------------------------------------------------------

Result<void> Greylist::open_for_writing(std::int64_t now) {
  if (database_) return {};
  if (broken_since_s_ != 0 && now - broken_since_s_ < retry_after_s && now >= broken_since_s_)
    return store::fail(store::ErrorKind::busy, "not tried again yet");
  const auto open_whole = [this] { return open(true).and_then([this] { return create(); }); };
  auto opened = open_whole();
  if (!opened && is_no_database(opened.error())) {
    begin_anew();
    opened = open_whole();
  }
  if (opened)
    broken_since_s_ = 0;
  else
    close();
  return opened;
}

// Nothing in it is worth a repair: who delivered is learnt again.
void Greylist::begin_anew() {
  close();
  std::error_code ignored;
  for (const auto* end : {"", "-wal", "-shm"})
    std::filesystem::remove(options_.file.string() + end, ignored);
  learning_ = options_.learns;
}

Result<void> Greylist::open(bool write) {
  using store::sqlite::Database;
  auto opened = write ? Database::open_write(options_.file) : Database::open_read(options_.file);
  if (!opened) return tl::unexpected(opened.error());
  database_ = std::move(*opened);
  statements_ = std::make_unique<Statements>(*database_);
  return {};
}

Result<void> Greylist::create() {
  if (auto set = database_->run(pragmas); !set) return set;
  Statement ask(*database_, "PRAGMA user_version");
  const auto found = ask.first(number);
  if (!found) return tl::unexpected(found.error());
  if (found->value_or(0) > version) return store::fail(store::ErrorKind::io, "it is of a later release");
  return found->value_or(0) == version ? Result<void>() : database_->run(schema);
}

void Greylist::give_up(const store::Error& error, std::int64_t now) {
  if (is_no_database(error)) begin_anew();
  close();
  if (broken_since_s_ == 0)
    alarm_("greylisting: " + options_.file.string() + " cannot be used (" + error.text +
           "); everybody is let in until it can");
  if (broken_since_s_ == 0 || now - broken_since_s_ >= retry_after_s) broken_since_s_ = now;
}

void Greylist::close() {
  statements_.reset();
  database_.reset();
}

}  // namespace guichet::smtpd
