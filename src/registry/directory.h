// The directory: who has which keys and may do what with which device, as it was at one moment.
//
// A Directory never changes; the registry publishes a new one after each change, which shares with
// the old one whatever stayed. Any thread may read it, without a lock. What it returns by pointer
// lives as long as the Directory: a holder keeps its shared_ptr.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "registry/cow_index.h"

namespace gridloom::registry {

// Never used again for another account.
enum class AccountId : std::int64_t {};

// Each includes those before it. The numbers are stored.
enum class Rights : std::uint8_t { kNone = 0, kMonitor = 1, kFull = 2, kOwner = 3 };

struct Account {
  AccountId id{};
  std::string name;
  std::string certificate_account;  // "open-" and 32 hex digits; for the account's whole life
  Secret certificate_password;      // 32 hex digits
  Secret gateway_key;               // the password of gateway:<name>
  // Each grows when its secret is made anew: a session of an earlier one has ended.
  std::int64_t certificate_generation = 1;
  std::int64_t gateway_generation = 1;
};

struct AccessKey {
  std::string access_key;
  Secret secret_key;
  AccountId account{};
};

struct Share {
  AccountId account{};
  Rights rights = Rights::kMonitor;  // or kFull
};

struct Device {
  std::string sn;
  std::string name;
  AccountId owner{};
  Secret key;                       // the device's MQTT password
  std::int64_t number = 0;          // grows in the order of adding; another one after a move
  std::vector<Share> shares;        // by account
  std::int64_t key_generation = 1;  // grows when the key is made anew
};

class Directory {
 public:
  // nullptr: there is none.
  [[nodiscard]] const AccessKey* find_key(std::string_view access_key) const;
  [[nodiscard]] const Account* find_account(AccountId id) const;
  [[nodiscard]] const Account* find_account_by_name(std::string_view name) const;
  [[nodiscard]] const Account* find_certificate(std::string_view certificate_account) const;
  [[nodiscard]] const Device* find_device(std::string_view sn) const;

  [[nodiscard]] static Rights rights(AccountId account, const Device& device);

  // Grows when something is taken away: a credential, a device, a share.
  [[nodiscard]] std::uint64_t revocations() const { return revocations_; }

  // All of these are in the order of adding; none for an unknown account.
  [[nodiscard]] std::vector<const Account*> accounts() const;
  [[nodiscard]] std::vector<const Device*> devices() const;
  [[nodiscard]] std::vector<const AccessKey*> keys_of(AccountId account) const;
  [[nodiscard]] std::vector<const Device*> devices_of(AccountId account) const;   // its own
  [[nodiscard]] std::vector<const Device*> shared_with(AccountId account) const;  // others'

 private:
  friend class DirectoryDraft;

  // Pointers into the indexes of the same Directory.
  struct Holding {
    AccountId account{};
    std::vector<const AccessKey*> keys;
    std::vector<const Device*> own;
    std::vector<const Device*> shared;
  };

  CowIndex<Account, &Account::id> accounts_;
  CowIndex<Account, &Account::name> names_;
  CowIndex<Account, &Account::certificate_account> certificates_;
  CowIndex<AccessKey, &AccessKey::access_key> keys_;
  CowIndex<Device, &Device::sn> devices_;
  CowIndex<Holding, &Holding::account> holdings_;
  std::uint64_t revocations_ = 0;
};

}  // namespace gridloom::registry
