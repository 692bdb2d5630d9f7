// A change of the registry in PostgreSQL: one transaction, under the advisory lock of all changes.
//
// A function that fails is rolled back alone (database/registry/transaction.h).
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/values.h"
#include "registry/row_transaction.h"
#include "registry/seal.h"
#include "registry/store.h"

namespace gridloom::registry {

// Changes rows within a transaction of PostgreSQL, for RowTransaction, and counts the numbers that
// rows get.
//
// A change that fails is rolled back to where it began (SAVEPOINT), so that the changes before it
// stay. Numbers are stored by store_numbers(), before the commit: a transaction that is rolled back
// gives none. Thread rule: as for the Connection, which outlives this.
class PostgresRowWriter {
 public:
  using Bytes = postgres::Bytes;
  using Flag = bool;

  explicit PostgresRowWriter(postgres::Connection& connection) : connection_(connection) {}

  // Makes a change of rows, or none if it fails.
  template <typename... T>
  [[nodiscard]] Status change(std::string_view sql, const T&... values) {
    postgres::Values all;
    (all.add(values), ...);
    return change_with(sql, std::move(all));
  }
  // Adds a row with the next number of the table, which is returned.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> insert(std::string_view table, std::string_view columns,
                                            const T&... values) {
    std::string places = "$1";
    for (std::size_t place = 2; place <= sizeof...(values) + 1; ++place) {
      places += fmt::format(", ${}", place);
    }
    return insert_by(table,
                     fmt::format("INSERT INTO {} (id, {}) VALUES ({})", table, columns, places),
                     values...);
  }
  // insert() by a statement of its own, which has the number as $1.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> insert_by(std::string_view table, std::string_view sql,
                                               const T&... values) {
    const Result<std::int64_t> highest = highest_of(table);
    if (!highest) return highest;
    GL_TRY(change(sql, *highest + 1, values...));
    return numbers_[std::string(table)] = *highest + 1;
  }
  // New rows of the table get numbers above `highest`.
  [[nodiscard]] Status reserve(std::string_view table, std::int64_t highest);

  [[nodiscard]] bool has_changes() const { return has_changes_; }
  [[nodiscard]] Status store_numbers();

 private:
  [[nodiscard]] Status change_with(std::string_view sql, postgres::Values values);
  // The highest number that was given in the table, here or before.
  [[nodiscard]] Result<std::int64_t> highest_of(std::string_view table);

  postgres::Connection& connection_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;  // by table, of those that changed
  bool has_changes_ = false;
};

class PostgresTransaction final : public RowTransaction<PostgresRowWriter> {
 public:
  struct Options {
    std::shared_ptr<postgres::Pool::Lease> lease;
    const Sealer& sealer;
    std::atomic<std::int64_t>& seen_change;  // `revision.change`; -1: none
  };
  // `begun` is a transaction of the lease's connection, which has the lock. The sealer and the
  // number outlive this.
  PostgresTransaction(Options options, postgres::Transaction begun)
      : RowTransaction(PostgresRowWriter(**options.lease), options.sealer),
        lease_(std::move(options.lease)),
        connection_(**lease_),
        seen_change_(options.seen_change),
        transaction_(std::move(begun)) {}

  using RowTransaction::insert;
  using RowTransaction::remove;

  [[nodiscard]] Status commit() override;
  [[nodiscard]] Result<bool> changed_elsewhere() override;
  [[nodiscard]] Status load(DirectoryDraft& draft) override;
  [[nodiscard]] Result<bool> load_changes(DirectoryDraft& draft) override;

  [[nodiscard]] Result<std::int64_t> insert(const Token& token) override;
  [[nodiscard]] Status remove(const Device& device) override;

  [[nodiscard]] Result<Revision> count_revision() override;
  [[nodiscard]] Result<Revision> restart_revisions() override;

 private:
  // Whether it is known what each change since that one has changed.
  [[nodiscard]] Result<bool> knows_changes_since(std::int64_t change);
  // Counts the change and notifies of it.
  [[nodiscard]] Result<std::int64_t> announce();

  const std::shared_ptr<postgres::Pool::Lease> lease_;
  postgres::Connection& connection_;
  std::atomic<std::int64_t>& seen_change_;
  std::int64_t seen_before_ = -1;  // seen_change_ before changed_elsewhere()
  postgres::Transaction transaction_;
};

}  // namespace gridloom::registry
