// The registry's storage on disk: one function for each kind of row, without the registry's rules.
//
// Used by one thread at a time (the registry's writer). Secrets are sealed when written and opened
// when read; a change takes effect when the Transaction from begin() is committed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"
#include "registry/directory_draft.h"
#include "registry/revision.h"
#include "registry/seal.h"
#include "storage/empty_wal.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

class Store {
 public:
  // See Registry::open.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& data_folder);
  // Checks, without any change, that `database`, which is the registry of the folder, can be read
  // and that the folder's key opens each secret in it. kConflict: the database has an earlier or a
  // later version, and only the key was checked.
  [[nodiscard]] static Status check(const std::filesystem::path& data_folder,
                                    storage::Database database);

  [[nodiscard]] Result<storage::Transaction> begin() {
    return storage::Transaction::begin(database_);
  }
  void empty_wal() { storage::empty_wal(database_); }
  // Whether another connection committed a change since the last call; true on the first call.
  [[nodiscard]] Result<bool> changed_elsewhere();
  // Loads everything into an empty draft. kDamaged: the data differ from what was written. Must be
  // called within a transaction; otherwise the result may mix two states.
  [[nodiscard]] Status load(DirectoryDraft& draft);

  [[nodiscard]] Result<AccountId> insert(const Account& account);  // ignores account.id
  [[nodiscard]] Status insert(const AccessKey& key);
  [[nodiscard]] Result<std::int64_t> insert(const Token& token);             // ignores token.number
  [[nodiscard]] Result<std::int64_t> insert(const BrowserSession& session);  // ignores number
  [[nodiscard]] Result<std::int64_t> insert(const Device& device);  // ignores number and shares
  // The update of a secret also stores its generation.
  [[nodiscard]] Status update_certificate_password(const Account& account);
  [[nodiscard]] Status update_gateway_key(const Account& account);
  [[nodiscard]] Status update_password_hash(const Account& account);
  [[nodiscard]] Status update_use(const BrowserSession& session);
  [[nodiscard]] Status update_key(const Device& device);
  [[nodiscard]] Status update_name_and_owner(const Device& device);
  [[nodiscard]] Status update_share(const Device& device, const Share& share);  // kNone removes
  [[nodiscard]] Status remove_shares(const Device& device);
  [[nodiscard]] Status remove(const Account& account);  // with all that belongs to it
  [[nodiscard]] Status remove(const AccessKey& key);
  [[nodiscard]] Status remove(const Token& token);
  [[nodiscard]] Status remove(const BrowserSession& session);
  // Also removes the device's shares; removed_devices() contains its number from then on.
  [[nodiscard]] Status remove(const Device& device);

  [[nodiscard]] Status add_removed(std::int64_t device_number);       // idempotent
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices();  // ascending
  [[nodiscard]] Result<std::int64_t> highest_device_number();         // ever assigned; 0: none
  // New devices get numbers above `highest`.
  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest);

  // Counts one more commit, within the transaction.
  [[nodiscard]] Status count_revision();
  [[nodiscard]] Result<Revision> revision();
  // Restarts the revisions at 0 under a new registry id.
  [[nodiscard]] Status restart_revisions();

 private:
  Store(storage::Database database, Sealer sealer)
      : database_(std::move(database)), sealer_(std::move(sealer)) {}

  [[nodiscard]] Status check_seal(const std::filesystem::path& data_folder);
  [[nodiscard]] Status check_sums();  // if the schema version has checksums
  [[nodiscard]] Status load_accounts(DirectoryDraft& draft);
  [[nodiscard]] Status load_keys(DirectoryDraft& draft);
  [[nodiscard]] Status load_tokens(DirectoryDraft& draft);
  [[nodiscard]] Status load_sessions(DirectoryDraft& draft);
  [[nodiscard]] Status load_devices(DirectoryDraft& draft);

  storage::Database database_;
  Sealer sealer_;
  std::int64_t seen_version_ = -1;
};

}  // namespace gridloom::registry
