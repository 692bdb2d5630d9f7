// The tables of a store in PostgreSQL (tables/connection.h). Changes are collected and sent
// together, with the next read, the end of atomically() or the commit, or when they have
// 4 MB; many rows that are inserted are a COPY.
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
  // `connection` outlives this.
  explicit PostgresTableConnection(postgres::Connection& connection) : connection_(&connection) {}
  ~PostgresTableConnection() override;

  [[nodiscard]] Status begin(Access access) override;
  [[nodiscard]] Status commit() override;
  [[nodiscard]] bool is_unanswered() const override {
    return outcome_ == Transaction::Outcome::kUnknown;
  }
  void end() override;
  [[nodiscard]] bool is_in_transaction() const override {
    return transaction_.has_value() || reading_ != Reading::kNone;
  }
  [[nodiscard]] Status lock(std::string_view name) override;
  [[nodiscard]] Status atomically(const std::function<Status()>& work) override;

  [[nodiscard]] Status each(std::string_view sql, const tables::Parameters& parameters,
                            const tables::OnRow& on_row) override;
  [[nodiscard]] Status read(const tables::Table& table, std::string_view rest,
                            const tables::Parameters& parameters,
                            const tables::OnRow& on_row) override;

  [[nodiscard]] Status read_each(const tables::Table& table, Names columns,
                                 std::span<const tables::Row> rows, std::string_view only,
                                 const tables::OnRow& on_row) override;
  [[nodiscard]] Status read_keys(const tables::Table& table, Names columns,
                                 std::span<const tables::Row> rows,
                                 const tables::OnRow& on_row) override;
  [[nodiscard]] Status read_ahead(const tables::Table& table, std::string_view rest,
                                  const tables::Parameters& parameters, const Ahead& ahead,
                                  const tables::OnRow& on_row) override;
  [[nodiscard]] bool reads_ahead() const override { return true; }

  [[nodiscard]] Status insert_all(const tables::Table& table,
                                  std::span<const tables::Row> rows) override;
  [[nodiscard]] Status put_all(const tables::Table& table,
                               std::span<const tables::Row> rows) override;
  [[nodiscard]] Status add_missing(const tables::Table& table,
                                   std::span<const tables::Row> rows) override;
  [[nodiscard]] Status update_all(const tables::Table& table, Names columns,
                                  std::span<const tables::Row> rows) override;
  [[nodiscard]] Status remove_all(const tables::Table& table, Names columns,
                                  std::span<const tables::Row> rows,
                                  std::string_view only) override;
  [[nodiscard]] Result<std::int64_t> remove_some(const tables::Table& table, std::string_view where,
                                                 const tables::Parameters& parameters,
                                                 std::int64_t most) override;

  [[nodiscard]] Status make(const tables::Table& table) override;
  [[nodiscard]] Status drop(const tables::Table& table) override;
  [[nodiscard]] Status check(std::span<const tables::Table* const> /*all*/) override { return {}; }
  // Whatever is committed is durable, as far as the database's own log can be trusted.
  bool empty_log() override { return true; }
  [[nodiscard]] std::string order_of(const tables::Table& table) const override;

  // Sends the changes that wait.
  [[nodiscard]] Status send();
  // For statements that are PostgreSQL's own; changes may wait that were made before. Valid until
  // the end of the transaction, or the next call if there is none. kIo: it cannot be made.
  [[nodiscard]] Result<postgres::Connection*> connection();

 protected:
  // connect() makes it.
  PostgresTableConnection() = default;
  // The connection to use from now on, outside of transactions.
  [[nodiscard]] virtual Result<postgres::Connection*> connect() { return connection_; }

 private:
  // A transaction that reads begins with its first statement, in the same round trip.
  enum class Reading : std::uint8_t { kNone, kAsked, kBegun };

  // The statements that wait.
  struct Pending {
    Pipeline pipeline;
    std::size_t bytes = 0;
  };

  // Adds a statement that waits.
  [[nodiscard]] Status add(std::string_view sql, Values values);
  [[nodiscard]] Result<Pending*> pending();
  // Sends what waits and a statement, whose rows are not all in memory.
  [[nodiscard]] Status stream(std::string_view sql, Values values, const tables::OnRow& on_row);

  postgres::Connection* connection_ = nullptr;  // null: not made yet
  std::optional<Pending> pending_;
  std::optional<Transaction> transaction_;
  Transaction::Outcome outcome_ = Transaction::Outcome::kOpen;
  Reading reading_ = Reading::kNone;
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
