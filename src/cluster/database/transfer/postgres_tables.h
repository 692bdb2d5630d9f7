// The tables of a store in PostgreSQL. The store lists them, with the SQL of its columns.
//
// Where a copy was interrupted is noted in the table `migration` of the schema, which is empty
// unless a copy into the database was begun and has not ended: a server must not use it then.
// Thread rule: as for the Connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/connection.h"
#include "transfer/tables.h"

namespace gridloom::transfer {

enum class PostgresType : std::uint8_t {
  kBigint,
  kBigintOrNull,  // NULL is 0
  kInt,
  kSmallint,
  kBoolean,
  kText,
  kBytea,
};

struct PostgresColumn {
  std::string_view name;
  PostgresType type = PostgresType::kBigint;
  std::string_view read{};  // SQL that reads it; empty: its name
};

struct PostgresTable {
  Table table;
  std::string_view name;
  std::vector<PostgresColumn> columns;  // keys first
};

class PostgresTables : public Target {
 public:
  // The connection outlives this. Call prepare() first, unless rows are only read.
  PostgresTables(postgres::Connection& connection, std::vector<PostgresTable> all);

  [[nodiscard]] std::vector<Table> tables() const override;
  [[nodiscard]] Status each_row(const Table& table, const Span& span, const OnRow& on_row) override;
  [[nodiscard]] Status replace(const Table& table, const Span& span, const std::vector<Row>& rows,
                               const Row& place) override;
  [[nodiscard]] Result<Row> place(const Table& table) override;
  [[nodiscard]] Status replace_all(const std::vector<std::vector<Row>>& rows) override;

 protected:
  // The work before the transaction that writes rows, and within it before other rows are removed.
  [[nodiscard]] virtual Status prepare(const PostgresTable& table, const std::vector<Row>& rows);
  [[nodiscard]] virtual Status removing(const PostgresTable& table, const Span& span);
  [[nodiscard]] virtual Status remove(const PostgresTable& table, const Span& span);
  // The default is a COPY.
  [[nodiscard]] virtual Status put(const PostgresTable& table, const std::vector<Row>& rows);

  // "WHERE ..." of a span, and its parameters.
  struct Where {
    std::string sql;
    postgres::Values values;
  };
  [[nodiscard]] static Where where_of(const PostgresTable& table, const Span& span);
  [[nodiscard]] postgres::Connection& connection() { return connection_; }

 private:
  [[nodiscard]] const PostgresTable& of(const Table& table) const;

  postgres::Connection& connection_;
  const std::vector<PostgresTable> all_;
};

// The notes of a copy into the database, by name; each in the caller's transaction, if there is
// one.
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
