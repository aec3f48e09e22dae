// The index's tables, and whether a file has them.
#pragma once

#include "store/error.h"
#include "store/sqlite.h"

namespace guichet::store {

enum class IndexIdentity {
  empty,    // a database without anything in it
  ours,     // of this index_version
  another,  // of another version, of another program, or no database at all
};

// damaged: ours perhaps, but it cannot be read.
[[nodiscard]] Result<IndexIdentity> identify(sqlite::Database& database);

// Write-ahead log, sizes and safety, for the connection that writes.
[[nodiscard]] Result<void> configure_writer(sqlite::Database& database);
// All tables in one transaction: a file is empty or whole.
[[nodiscard]] Result<void> create_tables(sqlite::Database& database);
enum class CacheFor { service, rebuild };
[[nodiscard]] Result<void> set_cache(sqlite::Database& database, CacheFor use);
[[nodiscard]] Result<void> empty_tables(sqlite::Database& database);

}  // namespace guichet::store
