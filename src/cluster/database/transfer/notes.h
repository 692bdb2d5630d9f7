// The notes of a copy into a database, in the table `migration` of its schema, which is empty
// unless a copy was begun and has not ended: a server must not use the database then. Where each
// table of a copy was interrupted is noted there as well (tables/side.h).
//
// Thread rule: as for the Connection.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::transfer {

// The notes, by name; each in the caller's transaction, if there is one.
inline constexpr std::string_view kSourceNote = "source";   // the id of the registry
inline constexpr std::string_view kMovedNote = "moved to";  // the folder that has the data now
[[nodiscard]] Status make_notes(postgres::Connection& connection);
[[nodiscard]] Status set_note(postgres::Connection& connection, std::string_view name,
                              std::string_view text);
// Empty: there is none.
[[nodiscard]] Result<std::string> note(postgres::Connection& connection, std::string_view name);
[[nodiscard]] Status remove_notes(postgres::Connection& connection);
// Whether there are any notes, or the schema has any tables of stores.
[[nodiscard]] Result<bool> has_notes(postgres::Connection& connection);
[[nodiscard]] Result<bool> has_tables(postgres::Connection& connection);
// kConflict: a copy into the database has begun and has not ended, or the data were moved to a
// folder.
[[nodiscard]] Status check_no_migration(postgres::Connection& connection);

}  // namespace gridloom::transfer
