// Brings the tables of one part of the program (its owner calls it, say, "registry") to the version
// that this program knows.
//
// Expand and contract: several programs may use one database, of versions next to each other. A
// step that only adds says from which version on a program can still use the tables
// (usable_from), and a later release takes away what the earlier one needed. The SQL of a released
// step never changes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::postgres {

struct Migration {
  std::int32_t version = 0;  // consecutive from 1
  // The oldest program that can use the tables after this step; at most `version`.
  std::int32_t usable_from = 0;
  std::string_view sql;
  // Runs after `sql` in the same transaction.
  Status (*then)(Connection& connection) = nullptr;
};

// Creates the schema if it does not exist and runs the steps that the database lacks, each in a
// transaction of its own, while no other process runs any (an advisory lock). kConflict: the
// database has a version that this program cannot use; the message names both, and the program that
// made it. kIo: the user may not create the schema.
[[nodiscard]] Status migrate(Connection& connection, std::string_view part,
                             std::span<const Migration> steps);

// Runs `step`, in a transaction and while no other process runs any, if the tables of the part have
// a lower format than this program knows; it gets that, 0: none. A program can use tables of later
// formats than its own, which only add to them. Errors as migrate(), and those of `step`.
[[nodiscard]] Status bring_to(Connection& connection, std::string_view part, std::int64_t format,
                              const std::function<Status(std::int64_t found)>& step);

// 0: no step was run.
[[nodiscard]] Result<std::int32_t> version_of(Connection& connection, std::string_view part);

}  // namespace gridloom::postgres
