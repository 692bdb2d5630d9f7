// The registry's storage: one function for each kind of row, without the registry's rules.
//
// A Store is one connection to the stored registry, which other connections, also of other
// processes, may change. All changes are made in a Transaction: they take effect together when it
// is committed, and not at all if it is not.
//
// Thread rule: one thread at a time uses a Store and its transaction (the registry's writer).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"
#include "registry/directory_draft.h"
#include "registry/revision.h"

namespace gridloom::registry {

// Says when other processes have changed the stored registry, or may have.
class ChangeSource {
 public:
  ChangeSource() = default;
  ChangeSource(const ChangeSource&) = delete;
  ChangeSource& operator=(const ChangeSource&) = delete;
  virtual ~ChangeSource() = default;  // waits for the call that is under way

  // Once. `catch_up` is called on a thread of the source's own: at its start, after each change of
  // another process, and whenever one may have been missed. If it fails, it is called again.
  virtual void start(std::function<Status()> catch_up) = 0;
};

// Errors of each function: kConflict (a key that exists already, an account that does not exist, an
// account that is removed while it owns devices), kIo, kDamaged. A function that fails changes
// nothing; the changes before it stay.
class Transaction {
 public:
  Transaction() = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  virtual ~Transaction() = default;  // rolls back unless it was committed

  // Durable when it returns. No other function may be called after it.
  [[nodiscard]] virtual Status commit() = 0;

  // Whether another connection committed a change since the last call on this connection; true on
  // the first call.
  [[nodiscard]] virtual Result<bool> changed_elsewhere() = 0;
  // Loads everything into an empty draft. kDamaged: the data differ from what was written.
  [[nodiscard]] virtual Status load(DirectoryDraft& draft) = 0;
  // When changed_elsewhere() was true: loads what has changed into a draft of what was loaded
  // before, or made since on this connection. False: that is not known; load() has to be used.
  [[nodiscard]] virtual Result<bool> load_changes(DirectoryDraft& draft) {
    static_cast<void>(draft);
    return false;
  }

  // Numbers ascend, and none is given twice, not even after a removal.
  [[nodiscard]] virtual Result<AccountId> insert(const Account& account) = 0;  // ignores account.id
  [[nodiscard]] virtual Status insert(const AccessKey& key) = 0;
  // Ignores number. kConflict as well: a token of the scope admin that has an account, or one of
  // another scope that has none. Its device need not exist.
  [[nodiscard]] virtual Result<std::int64_t> insert(const Token& token) = 0;
  [[nodiscard]] virtual Result<std::int64_t> insert(const BrowserSession& session) = 0;  // as well
  [[nodiscard]] virtual Result<std::int64_t> insert(const Bridge& bridge) = 0;  // ignores number
  // Ignores number, shares and key generation, which is 1.
  [[nodiscard]] virtual Result<std::int64_t> insert(const Device& device) = 0;

  // The update of a secret also stores its generation. An update of a row that does not exist
  // changes nothing.
  [[nodiscard]] virtual Status update_certificate_password(const Account& account) = 0;
  [[nodiscard]] virtual Status update_gateway_key(const Account& account) = 0;
  [[nodiscard]] virtual Status update_password_hash(const Account& account) = 0;
  [[nodiscard]] virtual Status update_use(const BrowserSession& session) = 0;
  [[nodiscard]] virtual Status update(const Bridge& bridge) = 0;  // settings and is_on
  [[nodiscard]] virtual Status update_key(const Device& device) = 0;
  [[nodiscard]] virtual Status update_name_and_owner(const Device& device) = 0;
  // kNone removes the share.
  [[nodiscard]] virtual Status update_share(const Device& device, const Share& share) = 0;

  [[nodiscard]] virtual Status remove_shares(const Device& device) = 0;
  [[nodiscard]] virtual Status remove(const Account& account) = 0;  // with all that belongs to it
  [[nodiscard]] virtual Status remove(const AccessKey& key) = 0;
  [[nodiscard]] virtual Status remove(const Token& token) = 0;
  [[nodiscard]] virtual Status remove(const BrowserSession& session) = 0;
  [[nodiscard]] virtual Status remove(const Bridge& bridge) = 0;
  // Also removes the device's shares, and adds its number to the removed devices.
  [[nodiscard]] virtual Status remove(const Device& device) = 0;

  [[nodiscard]] virtual Status add_removed(std::int64_t device_number) = 0;  // idempotent
  // New devices get numbers above `highest`.
  [[nodiscard]] virtual Status reserve_device_numbers(std::int64_t highest) = 0;

  // Counts one more commit. Returns the revision that the store has after this transaction.
  [[nodiscard]] virtual Result<Revision> count_revision() = 0;
  // Restarts the revisions at 0 under a new registry id, which it returns.
  [[nodiscard]] virtual Result<Revision> restart_revisions() = 0;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Waits until no other connection has a transaction. The transaction must end before the next one
  // begins, and before the store is destroyed.
  [[nodiscard]] virtual Result<std::unique_ptr<Transaction>> begin() = 0;

  // The committed state, also of other connections; in a transaction, before its first change.
  [[nodiscard]] virtual Result<Revision> revision() = 0;
  // The numbers of all removed devices, ascending.
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> removed_devices() = 0;
  // The highest device number that was ever given or reserved; 0: none.
  [[nodiscard]] virtual Result<std::int64_t> highest_device_number() = 0;
};

}  // namespace gridloom::registry
