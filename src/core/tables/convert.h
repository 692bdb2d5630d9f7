// SQLite files of earlier kinds, which are replaced by files of the present format (schema.h).
//
// The rows are copied into FILE.new, which takes the place of FILE once it has all of them; FILE
// stays as FILE.earlier, for the way back. A conversion that is interrupted begins again, or goes
// on where it was; nothing that was there is changed before the end.
//
// Thread rule: one thread, while nobody else uses the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/sqlite.h"
#include "tables/schema.h"
#include "tables/sqlite_connection.h"
#include "tables/table.h"
#include "transfer/tables.h"

namespace gridloom::tables {

// The rows that a table has in an earlier file.
struct EarlierRows {
  const Table* table = nullptr;  // of today
  // SQL that returns them, with the columns of today. `needs`: a table without which there are no
  // rows; empty: it is always there.
  std::string sql;
  std::string_view needs{};
  // The checksum that a row has in a last column of `sql`, which is NULL if it has none; rows that
  // have another are left out. nullptr: there is no such column.
  std::int64_t (*checksum)(const transfer::Row& row) = nullptr;
  void (*change)(transfer::Row& row) = nullptr;  // before it is copied
};

// Reads an earlier file, and changes nothing.
[[nodiscard]] std::unique_ptr<transfer::Source> read_earlier(storage::Database& database,
                                                             std::span<const EarlierRows> all);

struct Conversion {
  const std::filesystem::path& file;
  const Schema& schema;
  // Looks at the earlier file, and says what its rows are. Its error leaves everything as it is.
  std::function<Result<std::unique_ptr<transfer::Source>>(storage::Database& earlier)> open;
  // The new tables as one side of the copy; empty: tables::Side.
  std::function<std::unique_ptr<transfer::Target>(SqliteTableConnection& connection)> side{};
  std::string_view before{};  // SQL that a new file begins with, outside of a transaction
  // After some rows: how many bytes of the earlier file's are copied about.
  std::function<void(std::uint64_t bytes)> on_progress{};
};
// Does nothing if the file is of the present kind or has no tables. kIo: there is no room for a
// second file; the message says how much is needed.
struct Converted {
  bool is_done = false;       // there was something to convert
  std::uint64_t damaged = 0;  // rows that were left out
};
[[nodiscard]] Result<Converted> convert(const Conversion& conversion);

// Ends a conversion that was interrupted when all was copied; to be called before anything asks
// whether the file exists.
[[nodiscard]] Status end_conversion(const std::filesystem::path& file);

inline constexpr std::string_view kEarlier = ".earlier";  // ends the name of the file of before

}  // namespace gridloom::tables
