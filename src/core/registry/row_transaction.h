// A change of the registry in its tables (registry_tables.h): one transaction of their database.
//
// Numbers that rows get are stored with the commit: a transaction that is taken back gives none.
// Each commit that changes something counts `revision.change` up, by which other connections notice
// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "registry/seal.h"
#include "registry/store.h"
#include "tables/connection.h"

namespace gridloom::registry {

[[nodiscard]] Result<Revision> read_revision(tables::TableConnection& connection);
// The highest number that was ever given in a table.
[[nodiscard]] Result<std::int64_t> highest_number(tables::TableConnection& connection,
                                                  std::string_view table);

// Changes of rows in one transaction, each made or not, and the numbers that rows get.
class RowChanges {
 public:
  explicit RowChanges(tables::TableConnection& connection) : connection_(connection) {}
  // Makes a change, or none if it fails.
  [[nodiscard]] Status make(const std::function<Status()>& change);
  [[nodiscard]] bool are_none() const { return are_none_; }
  // The highest number that was given in a table, here or before.
  [[nodiscard]] Result<std::int64_t> highest_of(std::string_view table) const;
  void set_highest(std::string_view table, std::int64_t number);
  [[nodiscard]] Status store_numbers() const;

 private:
  tables::TableConnection& connection_;
  std::map<std::string, std::int64_t, std::less<>> highest_;  // by table, of those that changed
  bool are_none_ = true;
};

class RowTransaction final : public Transaction {
 public:
  struct Options {
    std::shared_ptr<tables::TableConnection> connection;
    const Sealer& sealer;
    std::atomic<std::int64_t>& seen_change;  // `revision.change`; -1: none
    const std::function<Status(tables::TableConnection&, std::int64_t)>&
        announce;  // RowStoreOptions
  };
  // `begun` is a transaction of the connection, which has the lock. The references outlive this.
  RowTransaction(Options options, tables::Transaction begun)
      : options_(std::move(options)),
        connection_(*options_.connection),
        changes_(connection_),
        transaction_(std::move(begun)) {}

  [[nodiscard]] Status commit() override;
  [[nodiscard]] Result<bool> changed_elsewhere() override;
  [[nodiscard]] Status load(DirectoryDraft& draft) override;
  [[nodiscard]] Result<bool> load_changes(DirectoryDraft& draft) override;

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
  // Adds a row whose first column is the next number of the table, which is returned.
  [[nodiscard]] Result<std::int64_t> add(const tables::Table& table, tables::Row row);
  [[nodiscard]] Status set(const tables::Table& table,
                           std::initializer_list<std::string_view> columns, const tables::Row& row);
  [[nodiscard]] Status remove_where(const tables::Table& table, std::string_view column,
                                    const tables::Value& value);

  const Options options_;
  tables::TableConnection& connection_;
  std::int64_t seen_before_ = -1;  // seen_change before changed_elsewhere()
  RowChanges changes_;
  tables::Transaction transaction_;
};

}  // namespace gridloom::registry
