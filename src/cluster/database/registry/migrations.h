// The registry's tables in PostgreSQL as a numbered list of migrations (postgres/migrate.h).
#pragma once

#include <span>
#include <string_view>

#include "postgres/migrate.h"

namespace gridloom::registry {

inline constexpr std::string_view kPostgresPart = "registry";

[[nodiscard]] std::span<const postgres::Migration> postgres_migrations();

}  // namespace gridloom::registry
