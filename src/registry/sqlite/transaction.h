// A change of registry.sqlite: one transaction of SQLite's. Secrets are sealed.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "registry/seal.h"
#include "registry/store.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

class SqliteTransaction final : public Transaction {
 public:
  struct Options {
    storage::Database& database;
    const Sealer& sealer;
    // SQLite's data_version when changed_elsewhere() was last called on this connection.
    std::int64_t& seen_version;
  };
  // `begun` is a transaction of the options' database. Both outlive this object.
  SqliteTransaction(const Options& options, storage::Transaction begun)
      : database_(options.database),
        sealer_(options.sealer),
        seen_version_(options.seen_version),
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
  storage::Database& database_;
  const Sealer& sealer_;
  std::int64_t& seen_version_;
  storage::Transaction transaction_;
};

}  // namespace gridloom::registry
