// The tables of one store as SQL that makes them, in the words of a database.
//
// The format of a store is a number, which its database has. Formats only grow: a later one adds
// tables and columns at the end of tables, a database of an earlier one gets them when it is
// opened, and a program refuses a database of a later format than it knows. Formats before
// kFirstFormat were replaced (tables/convert.h). Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tables/connection.h"
#include "tables/table.h"

namespace gridloom::tables {

inline constexpr std::int64_t kFirstFormat = 10;

struct Schema {
  std::string_view name;                 // of the store, for people: "registry"
  std::span<const Table* const> tables;  // each after those that it refers to
  // Rows that new tables begin with.
  Status (*first_rows)(TableConnection& connection) = nullptr;
  std::int64_t format = kFirstFormat;
};

// The words in which databases differ.
struct Dialect {
  std::string_view (*type_of)(ColumnType type);
  std::string_view last_column{};  // of each table besides its own
  std::string_view (*end_of)(const Table& table);
  std::string_view long_key{};  // a function of SQL that makes a long key short; empty: not needed
  bool has_rowid = false;       // Table::rowid
  bool has_derived = false;     // Table::derived
};

// Makes the table with its indexes, or nothing if it may be there and is.
enum class MayBeThere : std::uint8_t { kNo, kYes };
[[nodiscard]] std::string making_of(const Table& table, const Dialect& dialect,
                                    MayBeThere may_be_there = MayBeThere::kNo);
// Makes the tables and columns that a database of format `from` lacks. Empty: there are none.
[[nodiscard]] std::string growth_of(const Schema& schema, std::int64_t from,
                                    const Dialect& dialect);

// kConflict: `found` is a later format than the schema's; `where` names the database.
[[nodiscard]] Status check_format(const Schema& schema, std::int64_t found, std::string_view where);

}  // namespace gridloom::tables
