// The registry's schema as a numbered list of migrations. The SQL of a released number never
// changes; a change of the schema gets the next number. Numbers are consecutive from 1.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

struct Migration {
  std::int64_t version = 0;
  std::string_view sql;
  // Runs before `sql` in the same transaction; its error refuses the migration.
  Status (*first)(storage::Database& database) = nullptr;
  // Runs after `sql` in the same transaction.
  Status (*then)(storage::Database& database) = nullptr;
};

[[nodiscard]] std::span<const Migration> migrations();

// The schema version; 0 for an empty database. kMalformed: the database holds another program's
// tables.
[[nodiscard]] Result<std::int64_t> schema_version(storage::Database& database);

// Upgrades the schema to the last of `steps` in one transaction: all steps or none. kConflict: the
// database is newer than the last step.
[[nodiscard]] Status migrate(storage::Database& database, std::span<const Migration> steps);

}  // namespace gridloom::registry
