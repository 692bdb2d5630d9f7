// The next Directory while it is being made: a copy of the present one, and the changes to it.
//
// A draft belongs to one thread. It checks nothing: the registry did, and the database does. What
// an account holds is brought up to date by finish(), so a draft is written, not read.
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

  // What a Directory that was read anew lacks beside `former` is not looked for: it counts as a
  // revocation.
  void replaces(const Directory& former) { next_.revocations_ = former.revocations_ + 1; }

  // Each put replaces what has the same number, access key or serial number.
  void put(Account account);
  void put(AccessKey key);
  void put(Device device);
  // With its keys and its shares of others' devices; it must own no device.
  void erase_account(AccountId id);
  void erase_key(std::string_view access_key);
  void erase_device(std::string_view sn);

  [[nodiscard]] std::shared_ptr<const Directory> finish() &&;

 private:
  Directory::Holding& holding(AccountId account);
  void forget(const Device& device);

  Directory next_;
  std::map<AccountId, Directory::Holding> touched_;
};

}  // namespace gridloom::registry
