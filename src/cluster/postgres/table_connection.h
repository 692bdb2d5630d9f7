// The tables of a store in PostgreSQL (tables/connection.h). Changes are collected and sent
// together, before the next read, the end of atomically() or the commit, or when they have
// kSendBytes; many rows that are inserted are a COPY.
//
// A table has no checksums of its own: PostgreSQL's are over its pages.
//
// Thread rule: as for the Connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"
#include "postgres/pool.h"
#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/table.h"

namespace gridloom::postgres {

class PostgresTableConnection : public tables::TableConnection {
 public:
  static constexpr std::size_t kSendBytes = std::size_t{4} * 1024 * 1024;

  // `connection` outlives this.
  explicit PostgresTableConnection(postgres::Connection& connection)
      : connection_(connection), pending_(connection) {}
  ~PostgresTableConnection() override;

  [[nodiscard]] Status begin(Access access) override;
  [[nodiscard]] Status commit() override;
  [[nodiscard]] bool is_unanswered() const override {
    return outcome_ == Transaction::Outcome::kUnknown;
  }
  void end() override;
  [[nodiscard]] Status lock(std::string_view name) override;
  [[nodiscard]] Status atomically(const std::function<Status()>& work) override;

  [[nodiscard]] Status each(std::string_view sql, const tables::Parameters& parameters,
                            const tables::OnRow& on_row) override;
  [[nodiscard]] Status read(const tables::Table& table, std::string_view rest,
                            const tables::Parameters& parameters,
                            const tables::OnRow& on_row) override;

  using tables::TableConnection::insert;
  using tables::TableConnection::put;
  using tables::TableConnection::remove;
  using tables::TableConnection::update;
  [[nodiscard]] Status insert(const tables::Table& table,
                              std::span<const tables::Row> rows) override;
  [[nodiscard]] Status put(const tables::Table& table, std::span<const tables::Row> rows) override;
  [[nodiscard]] Status update(const tables::Table& table, Names columns,
                              std::span<const tables::Row> rows) override;
  [[nodiscard]] Status remove(const tables::Table& table, Names columns,
                              std::span<const tables::Row> rows, std::string_view only) override;
  [[nodiscard]] Result<std::int64_t> remove_some(const tables::Table& table, std::string_view where,
                                                 const tables::Parameters& parameters,
                                                 std::int64_t most) override;

  [[nodiscard]] Status check(std::span<const tables::Table* const> /*all*/) override { return {}; }
  // Whatever is committed is durable, as far as the database's own log can be trusted.
  bool empty_log() override { return true; }
  [[nodiscard]] std::string order_of(const tables::Table& table) const override;

  // Sends the changes that wait.
  [[nodiscard]] Status send();
  [[nodiscard]] postgres::Connection& connection() { return connection_; }

 private:
  [[nodiscard]] Status add(std::string_view sql, Values values);
  [[nodiscard]] Status copy(const tables::Table& table, std::span<const tables::Row> rows);

  postgres::Connection& connection_;
  Pipeline pending_;
  std::size_t pending_bytes_ = 0;
  std::optional<Transaction> transaction_;
  Transaction::Outcome outcome_ = Transaction::Outcome::kOpen;
};

// With a connection of its own, or one of a pool.
class OwnedTableConnection final : public PostgresTableConnection {
 public:
  OwnedTableConnection(postgres::Connection& connection, std::shared_ptr<void> owner)
      : PostgresTableConnection(connection), owner_(std::move(owner)) {}
  ~OwnedTableConnection() override { end(); }

 private:
  const std::shared_ptr<void> owner_;
};
[[nodiscard]] std::shared_ptr<OwnedTableConnection> owned(Connection connection);
[[nodiscard]] std::shared_ptr<OwnedTableConnection> owned(Pool::Lease lease);

// The tables of a store, with what PostgreSQL has for it besides.
struct TableSchema {
  const tables::Schema& tables;
  std::string_view besides{};  // SQL that is run behind the making of the tables
  // The version that the tables had before formats were counted from tables::kFirstFormat, and what
  // brings them to that; 0: there was none.
  std::int64_t earlier = 0;
  Status (*convert)(postgres::Connection& connection) = nullptr;
};
// Makes the tables, or adds what those of an earlier format lack, while no other process does.
// kConflict: they have a format that this program does not know. kIo: the user may not create the
// schema.
[[nodiscard]] Status make_tables(postgres::Connection& connection, const TableSchema& schema);

}  // namespace gridloom::postgres
