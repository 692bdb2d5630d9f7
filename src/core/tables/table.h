// The tables of stores as data. A store describes each of its tables once; the databases make them
// by the description (schema.h), and read, write, check and copy their rows by it (connection.h).
//
// A column that is added to a released format stands last, with the number of the format that has
// it (Column::since): rows of before have 0, or no bytes, in it. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gridloom::tables {

enum class ColumnType : std::uint8_t {
  kNumber,        // 64 bits
  kNumberOrNone,  // 0 is stored as NULL
  kInt,           // 32 bits, where a database has such
  kSmall,         // 16 bits
  kFlag,          // 0 or 1
  kText,          // UTF-8 without NUL
  kAnyText,       // text that comes from devices and clients, and may have any bytes
  kBytes,
};

// A row that is removed takes the rows that refer to it along, or cannot be removed while they do.
enum class Referred : std::uint8_t { kTakesAlong, kStays };

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kNumber;
  bool is_unique = false;
  std::string_view refers_to{};  // a table, by its key; empty: none
  Referred referred = Referred::kTakesAlong;
  std::int64_t since = 0;  // the format that added it; 0: the first
};

struct Index {
  std::string_view name;
  std::string_view columns;
  std::string_view where{};  // SQL; empty: of all rows
};

// A value of a row, or of a parameter that is compared with one: text of kText, and the others. In
// a row they may stand for each other.
struct AnyText {
  std::string_view bytes;
};
struct Bytes {
  std::string_view bytes;
};
using Value = std::variant<std::int64_t, std::string_view, AnyText, Bytes>;
using Row = std::vector<Value>;

// A column that PostgreSQL has besides, for people: it is made of the others. A flag is set
// unless its text is empty.
struct Derived {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  std::string (*value)(std::span<const Value> row) = nullptr;
};

struct Table {
  int number = 0;  // a part of checksums: it never changes
  std::string_view name;
  std::span<const Column> columns;  // keys first
  std::size_t keys = 1;             // of the first columns, which identify a row
  std::string_view rowid{};  // a column, unique where SQLite has the table: its own key there
  std::span<const Derived> derived{};
  std::span<const Index> indexes{};
  std::string_view check{};  // SQL: true for each row
  // A database that has no checksums of its own also keeps the number of the rows and the sum of
  // their checksums, so that a row that vanished or came back is found.
  bool is_counted = false;
  bool has_long_key = false;  // which may be longer than what an index takes
  // The end of its definition in PostgreSQL: room on pages, partitions.
  std::string_view postgres{};
  bool is_partitioned = false;  // there: a row is found by all of its keys alone
  std::string_view title{};     // for people; empty: the name
  bool is_restless = false;     // as transfer::Table::is_restless
  std::size_t group = 0;        // as transfer::Table::group; 0: all keys
  std::size_t carried = 0;      // as transfer::Table::carried
  std::string_view loss{};      // how a damaged row matters, for people
  bool is_copied = true;        // when stores move from one database to another
  std::int64_t since = 0;       // as Column::since
};

[[nodiscard]] std::string_view title_of(const Table& table);

[[nodiscard]] std::int64_t number_of(const Value& value);     // 0: it is a text
[[nodiscard]] std::string_view bytes_of(const Value& value);  // empty: it is a number
[[nodiscard]] bool is_number(ColumnType type);

// The names of the first `count` columns, each with a prefix: "NEW.a, NEW.b".
[[nodiscard]] std::string names_of(const Table& table, std::size_t count,
                                   std::string_view prefix = {});
[[nodiscard]] std::string names_of(const Table& table);
[[nodiscard]] std::string keys_of(const Table& table);

// The checksum of a row (docs/internals/formats.md): XXH3-64 of the columns, seeded by the table's
// number. In a column that a later format added, 0 and no bytes count as NULL; and what is NULL at
// the end does not count, so that a row of before keeps its checksum.
[[nodiscard]] std::int64_t checksum_of(const Table& table, std::span<const Value> row);

}  // namespace gridloom::tables
