// The registry's schema as a numbered list of changes. A number once released keeps its SQL for
// ever; a change of the schema is the next number. Numbers are consecutive from 1.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::registry {

struct Migration {
  std::int64_t version = 0;
  std::string_view sql;
  Status (*then)(Database& database) = nullptr;  // in the same transaction
};

[[nodiscard]] std::span<const Migration> migrations();

// 0: an empty database. kMalformed: it holds another program's tables.
[[nodiscard]] Result<std::int64_t> schema_version(Database& database);

// Brings the schema to the last of `steps` in one transaction: all of them or none. kConflict: the
// database is newer than that.
[[nodiscard]] Status migrate(Database& database, std::span<const Migration> steps);

}  // namespace gridloom::registry
