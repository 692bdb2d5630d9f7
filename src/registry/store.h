// What the registry keeps on disk: one function a kind of row, none of the rules.
//
// Used by one thread at a time (the registry's writer). Secrets are sealed on the way in and opened
// on the way out; a change counts once the Transaction from begin() is committed.
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
#include "registry/sqlite.h"

namespace gridloom::registry {

class Store {
 public:
  // See Registry::open.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& data_folder);
  // Changes nothing: whether `database`, which is the registry of the folder, can be read, and each
  // secret in it be opened by the folder's key. kConflict: it is of an earlier or a later version,
  // and only the key was tried.
  [[nodiscard]] static Status check(const std::filesystem::path& data_folder, Database database);

  [[nodiscard]] Result<Transaction> begin() { return Transaction::begin(database_); }
  // Whether another connection committed a change since this was last asked; true the first time.
  [[nodiscard]] Result<bool> changed_elsewhere();
  // Everything, into an empty draft; kDamaged: it is not what was written. Within a transaction, or
  // it may mix two states.
  [[nodiscard]] Status load(DirectoryDraft& draft);

  [[nodiscard]] Result<AccountId> insert(const Account& account);  // its id is not read
  [[nodiscard]] Status insert(const AccessKey& key);
  [[nodiscard]] Result<std::int64_t> insert(const Device& device);  // nor number; no shares
  // With their generations.
  [[nodiscard]] Status update_certificate_password(const Account& account);
  [[nodiscard]] Status update_gateway_key(const Account& account);
  [[nodiscard]] Status update_key(const Device& device);
  [[nodiscard]] Status update_name_and_owner(const Device& device);
  [[nodiscard]] Status update_share(const Device& device, const Share& share);  // kNone removes
  [[nodiscard]] Status remove_shares(const Device& device);
  [[nodiscard]] Status remove(const Account& account);  // with its keys and shares
  [[nodiscard]] Status remove(const AccessKey& key);
  // With its shares; its number is among removed_devices() from then on.
  [[nodiscard]] Status remove(const Device& device);

  [[nodiscard]] Status add_removed(std::int64_t device_number);       // again: no fault
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices();  // ascending
  [[nodiscard]] Result<std::int64_t> highest_device_number();         // that was given; 0: none
  // New devices get numbers above `highest`.
  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest);

  // One more commit is counted, within the transaction.
  [[nodiscard]] Status count_revision();
  [[nodiscard]] Result<Revision> revision();
  // Under a new id, from 0.
  [[nodiscard]] Status begin_revisions_anew();

 private:
  Store(Database database, Sealer sealer)
      : database_(std::move(database)), sealer_(std::move(sealer)) {}

  [[nodiscard]] Status check_seal(const std::filesystem::path& data_folder);
  [[nodiscard]] Status check_sums();  // of the version that has them
  [[nodiscard]] Status load_accounts(DirectoryDraft& draft);
  [[nodiscard]] Status load_keys(DirectoryDraft& draft);
  [[nodiscard]] Status load_devices(DirectoryDraft& draft);

  Database database_;
  Sealer sealer_;
  std::int64_t seen_version_ = -1;
};

}  // namespace gridloom::registry
