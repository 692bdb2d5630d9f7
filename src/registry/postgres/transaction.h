// A change of the registry in PostgreSQL: one transaction, under the advisory lock of all changes.
//
// A function that fails is rolled back alone (registry/postgres/row_writer.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/transaction.h"
#include "registry/postgres/row_writer.h"
#include "registry/seal.h"
#include "registry/store.h"

namespace gridloom::registry {

class PostgresTransaction final : public Transaction {
 public:
  struct Options {
    std::shared_ptr<postgres::Pool::Lease> lease;
    const Sealer& sealer;
    std::atomic<std::int64_t>& seen_change;  // `revision.change`; -1: none
  };
  // `begun` is a transaction of the lease's connection, which has the lock. The sealer and the
  // number outlive this.
  PostgresTransaction(Options options, postgres::Transaction begun)
      : lease_(std::move(options.lease)),
        connection_(**lease_),
        sealer_(options.sealer),
        seen_change_(options.seen_change),
        transaction_(std::move(begun)) {}

  [[nodiscard]] Status commit() override;
  [[nodiscard]] Result<bool> changed_elsewhere() override;
  [[nodiscard]] Status load(DirectoryDraft& draft) override;

  [[nodiscard]] Result<AccountId> insert(const Account& account) override;
  [[nodiscard]] Status insert(const AccessKey& key) override;
  [[nodiscard]] Result<std::int64_t> insert(const Token& token) override;
  [[nodiscard]] Result<std::int64_t> insert(const BrowserSession& session) override;
  [[nodiscard]] Result<std::int64_t> insert(const Bridge& bridge) override;
  [[nodiscard]] Result<std::int64_t> insert(const Device& device) override;

  [[nodiscard]] Status update_certificate_password(const Account& account) override;
  [[nodiscard]] Status update_gateway_key(const Account& account) override;
  [[nodiscard]] Status update_password_hash(const Account& account) override;
  [[nodiscard]] Status update_use(const BrowserSession& session) override;
  [[nodiscard]] Status update(const Bridge& bridge) override;
  [[nodiscard]] Status update_key(const Device& device) override;
  [[nodiscard]] Status update_name_and_owner(const Device& device) override;
  [[nodiscard]] Status update_share(const Device& device, const Share& share) override;

  [[nodiscard]] Status remove_shares(const Device& device) override;
  [[nodiscard]] Status remove(const Account& account) override;
  [[nodiscard]] Status remove(const AccessKey& key) override;
  [[nodiscard]] Status remove(const Token& token) override;
  [[nodiscard]] Status remove(const BrowserSession& session) override;
  [[nodiscard]] Status remove(const Bridge& bridge) override;
  [[nodiscard]] Status remove(const Device& device) override;

  [[nodiscard]] Status add_removed(std::int64_t device_number) override;
  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest) override;

  [[nodiscard]] Result<Revision> count_revision() override;
  [[nodiscard]] Result<Revision> restart_revisions() override;

 private:
  // Counts the change and notifies of it.
  [[nodiscard]] Result<std::int64_t> announce();

  const std::shared_ptr<postgres::Pool::Lease> lease_;
  postgres::Connection& connection_;
  const Sealer& sealer_;
  std::atomic<std::int64_t>& seen_change_;
  postgres::Transaction transaction_;
  RowWriter rows_{connection_};
};

}  // namespace gridloom::registry
