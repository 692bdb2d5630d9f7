#include "database/transfer/notes.h"

#include <fmt/format.h>

namespace gridloom::transfer {
namespace {

using postgres::Bytes;
using postgres::Connection;

Status status_of(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

}  // namespace

Status make_notes(Connection& connection) {
  return connection.run(
      fmt::format("CREATE TABLE IF NOT EXISTS {}.migration (name text PRIMARY KEY, "
                  "text bytea NOT NULL)",
                  connection.schema()));
}

Status set_note(Connection& connection, std::string_view name, std::string_view text) {
  return status_of(
      connection.execute("INSERT INTO migration VALUES ($1, $2) ON CONFLICT (name) "
                         "DO UPDATE SET text = excluded.text",
                         name, Bytes{text}));
}

Result<std::string> note(Connection& connection, std::string_view name) {
  GL_TRY(const auto rows, connection.query("SELECT text FROM migration WHERE name = $1", name));
  return rows.empty() ? std::string() : std::string(rows[0].bytes(0));
}

Status remove_notes(Connection& connection) {
  return status_of(connection.execute("DELETE FROM migration"));
}

Result<bool> has_notes(Connection& connection) {
  GL_TRY(const auto there, connection.query("SELECT to_regclass('migration') IS NOT NULL"));
  if (!there[0].boolean(0)) return false;
  GL_TRY(const auto notes, connection.integer("SELECT count(*) FROM migration"));
  return notes != 0;
}

Result<bool> has_tables(Connection& connection) {
  GL_TRY(const auto there, connection.query("SELECT to_regclass('schema_version') IS NOT NULL"));
  return there[0].boolean(0);
}

Status check_no_migration(Connection& connection) {
  const auto any = has_notes(connection);
  if (!any || !*any) return status_of(any);
  GL_TRY(const auto moved, note(connection, kMovedNote));
  if (!moved.empty()) {
    return fail(ErrorCode::kConflict,
                fmt::format("the data of the database were moved to {}: `gridloom migrate` moves "
                            "them back",
                            moved));
  }
  return fail(ErrorCode::kConflict,
              "the database has a part of the data that `gridloom migrate` moves to it: run that "
              "command again until it says that all are moved");
}

}  // namespace gridloom::transfer
