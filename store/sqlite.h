// The SQLite C API with ownership and errors as this room has them. The index knows this header, and what is
// disposable (smtpd/greylist).
//
// A Database and its Statements belong to one thread at a time; statements must be destroyed before their
// database.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/error.h"
#include "store/types.h"

namespace guichet::store::sqlite {

class Database {
 public:
  // Made when absent.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open_write(const std::filesystem::path& file);
  // absent: no such file. Never checkpoints, not even as the last one to close.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open_read(const std::filesystem::path& file);

  // Statements without parameters; rows are thrown away.
  [[nodiscard]] Result<void> run(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  [[nodiscard]] bool changed() const { return sqlite3_changes(handle()) > 0; }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[nodiscard]] Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };

  explicit Database(std::filesystem::path file) : file_(std::move(file)) {}
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, int flags);

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// One row, its columns taken from left to right. A column of another shape than asked for can only come from
// damage: it gives an empty value, and sound() says so.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  std::int64_t integer() { return sqlite3_column_int64(statement_, column_++); }
  std::uint64_t octets() { return static_cast<std::uint64_t>(integer()); }
  std::optional<std::int64_t> integer_or_null();
  std::optional<Instant> instant_or_null();
  Instant instant() { return Instant{integer()}; }
  std::string text();
  Uuid uuid() { return {blob<16>()}; }
  Digest digest() { return {blob<32>()}; }
  Place place();

  [[nodiscard]] bool sound() const { return sound_; }

 private:
  template <std::size_t Octets>
  std::array<std::uint8_t, Octets> blob() {
    std::array<std::uint8_t, Octets> octets{};
    copy_blob(octets);
    return octets;
  }
  void copy_blob(std::span<std::uint8_t> into);

  sqlite3_stmt* statement_;
  int column_ = 0;
  bool sound_ = true;
};

// Prepared at its first use and kept, so that a set of them is made without a chance to fail.
class Statement {
 public:
  Statement(Database& database, std::string_view sql) : database_(database), sql_(sql) {}  // `sql`: a literal

  // Values are bound in order; text and blobs are read during the call only.
  template <class... Values>
  [[nodiscard]] Result<void> run(const Values&... values) {
    return all([](Row&) { return 0; }, values...).map([](const auto&) {});
  }

  // Every row, each made by `read(row)`.
  template <class Read, class... Values>
  [[nodiscard]] Result<std::vector<std::invoke_result_t<Read, Row&>>> all(Read read,
                                                                          const Values&... values) {
    std::vector<std::invoke_result_t<Read, Row&>> rows;
    Use use(*this);
    if (auto ready = prepare(); !ready) return tl::make_unexpected(ready.error());
    if (int column = 0; !(bind(++column, values) && ...)) return tl::make_unexpected(failure());
    while (const bool more = step()) {
      Row row(statement_.get());
      rows.push_back(read(row));
      if (!row.sound()) return tl::make_unexpected(database_.error(SQLITE_CORRUPT));
    }
    if (code_ != SQLITE_DONE) return tl::make_unexpected(failure());
    return rows;
  }

  template <class Read, class... Values>
  [[nodiscard]] Result<std::optional<std::invoke_result_t<Read, Row&>>> first(Read read,
                                                                              const Values&... values) {
    auto rows = all(read, values...);
    if (!rows) return tl::make_unexpected(std::move(rows.error()));
    if (rows->empty()) return std::nullopt;
    return std::move(rows->front());
  }

 private:
  // A statement that is not reset keeps its snapshot, and the write-ahead log could never start over.
  struct Use {
    explicit Use(Statement& statement) : statement_(statement) {}
    ~Use() {
      if (statement_.statement_) sqlite3_reset(statement_.statement_.get());
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Statement& statement_;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] bool bind(int column, std::int64_t value);
  [[nodiscard]] bool bind(int column, std::uint64_t value) {
    return bind(column, static_cast<std::int64_t>(value));
  }
  [[nodiscard]] bool bind(int column, std::uint32_t value) { return bind(column, std::int64_t{value}); }
  [[nodiscard]] bool bind(int column, Instant value) { return bind(column, value.unix_us); }
  [[nodiscard]] bool bind(int column, std::optional<Instant> value) {
    return value ? bind(column, *value) : bind_null(column);
  }
  [[nodiscard]] bool bind(int column, std::optional<std::int64_t> value) {
    return value ? bind(column, *value) : bind_null(column);
  }
  [[nodiscard]] bool bind_null(int column);
  [[nodiscard]] bool bind(int column, const std::string& value);
  [[nodiscard]] bool bind(int column, std::span<const std::uint8_t> value);
  [[nodiscard]] bool bind(int column, const Uuid& value) { return bind(column, std::span(value.octets)); }
  [[nodiscard]] bool bind(int column, const Digest& value) { return bind(column, std::span(value.octets)); }
  [[nodiscard]] bool step() { return (code_ = sqlite3_step(statement_.get())) == SQLITE_ROW; }
  [[nodiscard]] Error failure() const { return database_.error(code_); }

  Database& database_;
  std::string_view sql_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int code_ = SQLITE_OK;
};

}  // namespace guichet::store::sqlite
