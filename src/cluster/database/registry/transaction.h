// A change of the registry in PostgreSQL: one transaction, under the advisory lock of all changes.
//
// A function that fails is rolled back alone (database/registry/row_writer.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "database/registry/row_writer.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/transaction.h"
#include "registry/row_transaction.h"
#include "registry/seal.h"
#include "registry/store.h"

namespace gridloom::registry {

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
