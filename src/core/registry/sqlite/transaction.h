// A change of registry.sqlite: one transaction of SQLite's.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "registry/row_transaction.h"
#include "registry/seal.h"
#include "registry/sqlite/row_writer.h"
#include "registry/store.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

class SqliteTransaction final : public RowTransaction<SqliteRowWriter> {
 public:
  struct Options {
    storage::Database& database;
    const Sealer& sealer;
    // SQLite's data_version when changed_elsewhere() was last called on this connection.
    std::int64_t& seen_version;
  };
  // `begun` is a transaction of the options' database. Both outlive this object.
  SqliteTransaction(const Options& options, storage::Transaction begun)
      : RowTransaction(SqliteRowWriter(options.database), options.sealer),
        database_(options.database),
        seen_version_(options.seen_version),
        transaction_(std::move(begun)) {}

  using RowTransaction::insert;
  using RowTransaction::remove;

  [[nodiscard]] Status commit() override;
  [[nodiscard]] Result<bool> changed_elsewhere() override;
  [[nodiscard]] Status load(DirectoryDraft& draft) override;

  [[nodiscard]] Result<std::int64_t> insert(const Token& token) override;
  [[nodiscard]] Status remove(const Device& device) override;

  [[nodiscard]] Result<Revision> count_revision() override;
  [[nodiscard]] Result<Revision> restart_revisions() override;

 private:
  storage::Database& database_;
  std::int64_t& seen_version_;
  storage::Transaction transaction_;
};

}  // namespace gridloom::registry
