// DATA/history.db: a SQLite database with history's tables. docs/internals/formats.md has the
// bytes.
#pragma once

#include <string_view>

namespace gridloom::history {

inline constexpr std::string_view kHistoryFile = "history.db";

// Begins a new file. Free space is returned slice by slice (history/store/retention.h); the pragma
// must be set before there is any table, and again on a file that WAL mode has initialized.
inline constexpr std::string_view kBeforeTables = "PRAGMA auto_vacuum = incremental; VACUUM;";

}  // namespace gridloom::history
