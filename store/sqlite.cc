#include "store/sqlite.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace guichet::store::sqlite {

namespace {

// Readers meet a lock only while a log is being recovered, the writer only while a reader does that.
constexpr int busy_wait_ms = 5000;

bool out_of_space(int code, sqlite3* handle) {
  const int cause = handle ? sqlite3_system_errno(handle) : 0;
  return (code & 0xFF) == SQLITE_FULL ||
         ((code & 0xFF) == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT));
}

ErrorKind kind_of(int code, sqlite3* handle) {
  if (out_of_space(code, handle)) return ErrorKind::no_space;
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::busy;
    case SQLITE_CORRUPT:
      return ErrorKind::damaged;
    case SQLITE_NOTADB:
      return ErrorKind::foreign;
    default:
      return ErrorKind::io;
  }
}

}  // namespace

Error Database::error(int code) const {
  // A row found unsound by us has left no message behind: the words of the code say it then.
  const bool reported = handle() && sqlite3_extended_errcode(handle()) == code;
  const ErrorKind kind = kind_of(code, handle());
  std::string text =
      "index " + file_.string() + ": " + (reported ? sqlite3_errmsg(handle()) : sqlite3_errstr(code));
  if (kind == ErrorKind::damaged) text += "; `guichet index rebuild` makes it anew from the volumes";
  return {kind, std::move(text)};
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, int flags) {
  auto database = std::unique_ptr<Database>(new Database(file));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database->handle_.reset(handle);  // there is one even after an error, it has the message
  if (code != SQLITE_OK) return tl::make_unexpected(database->error(code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_wait_ms);
  return database;
}

Result<std::unique_ptr<Database>> Database::open_write(const std::filesystem::path& file) {
  return open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

Result<std::unique_ptr<Database>> Database::open_read(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return fail(ErrorKind::absent, "index " + file.string() + ": no such file");
  auto database = open(file, SQLITE_OPEN_READONLY);
  if (database) sqlite3_db_config((*database)->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

Result<void> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::make_unexpected(error(code));
  return {};
}

std::optional<std::int64_t> Row::integer_or_null() {
  if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return integer();
  ++column_;
  return std::nullopt;
}

std::optional<Instant> Row::instant_or_null() {
  const auto value = integer_or_null();
  return value ? std::optional(Instant{*value}) : std::nullopt;
}

std::string Row::text() {
  const auto* octets = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  sound_ = sound_ && octets != nullptr;
  return octets ? std::string(octets, size) : std::string();
}

Place Row::place() {
  const std::int64_t volume = integer();
  sound_ = sound_ && volume >= 0 && volume <= UINT32_MAX;
  return {.volume = static_cast<std::uint32_t>(volume), .offset = octets()};
}

void Row::copy_blob(std::span<std::uint8_t> into) {
  const void* octets = sqlite3_column_blob(statement_, column_);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  sound_ = sound_ && octets != nullptr && size == into.size();
  if (sound_) std::memcpy(into.data(), octets, size);
}

Result<void> Statement::prepare() {
  if (statement_) return {};
  sqlite3_stmt* statement = nullptr;
  code_ = sqlite3_prepare_v3(database_.handle(), sql_.data(), static_cast<int>(sql_.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code_ != SQLITE_OK) return tl::make_unexpected(failure());
  return {};
}

bool Statement::bind(int column, std::int64_t value) {
  code_ = sqlite3_bind_int64(statement_.get(), column, value);
  return code_ == SQLITE_OK;
}

bool Statement::bind_null(int column) {
  return (code_ = sqlite3_bind_null(statement_.get(), column)) == SQLITE_OK;
}

bool Statement::bind(int column, const std::string& value) {
  code_ =
      sqlite3_bind_text64(statement_.get(), column, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return code_ == SQLITE_OK;
}

bool Statement::bind(int column, std::span<const std::uint8_t> value) {
  code_ = sqlite3_bind_blob64(statement_.get(), column, value.data(), value.size(), SQLITE_STATIC);
  return code_ == SQLITE_OK;
}

}  // namespace guichet::store::sqlite
