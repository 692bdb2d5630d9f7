// The builder of the next Directory: a copy of the present one to which changes are applied.
//
// A draft belongs to one thread. It checks nothing: the registry and the database check changes.
// finish() updates the lists of what each account holds, so a draft is written to, but not read.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "registry/directory.h"

namespace gridloom::registry {

class DirectoryDraft {
 public:
  explicit DirectoryDraft(Directory present) : next_(std::move(present)) {}

  // For a Directory that was reloaded to replace `former`: always counts as a revocation, without
  // a comparison of the two.
  void replaces(const Directory& former) { next_.revocations_ = former.revocations_ + 1; }

  // put() replaces an entry with the same account id, access key, hash, serial number or
  // bridge name.
  void put(Account account);
  void put(AccessKey key);
  void put(Token token);
  void put(BrowserSession session);
  void put(Device device);
  void put(Bridge bridge);
  // Also erases the account's keys, its tokens, its sessions, its bridges and its shares of other
  // accounts' devices. The account must own no device.
  void erase_account(AccountId id);
  void erase_key(std::string_view access_key);
  void erase_token(std::string_view hash);
  void erase_session(std::string_view hash);
  void erase_device(std::string_view sn);
  void erase_bridge(std::string_view name);

  [[nodiscard]] std::shared_ptr<const Directory> finish() &&;

 private:
  Directory::Holding& holding(AccountId account);
  void forget(const Device& device);

  Directory next_;
  std::map<AccountId, Directory::Holding> touched_;
};

}  // namespace gridloom::registry
