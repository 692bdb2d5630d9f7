// Lookups only; directory_draft.cc builds the next Directory.
#include "registry/directory.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gridloom::registry {

std::string_view name_of(Rights rights) {
  static constexpr std::array<std::string_view, 4> kNames = {"none", "monitor", "full", "owner"};
  return kNames.at(std::to_underlying(rights));
}

std::string_view name_of(Scope scope) { return kScopeNames.at(std::to_underlying(scope) - 1U); }

const AccessKey* Directory::find_key(std::string_view access_key) const {
  return keys_.find(access_key);
}

const Account* Directory::find_account(AccountId id) const { return accounts_.find(id); }

const Account* Directory::find_account_by_name(std::string_view name) const {
  return names_.find(name);
}

const Account* Directory::find_certificate(std::string_view certificate_account) const {
  return certificates_.find(certificate_account);
}

const Device* Directory::find_device(std::string_view sn) const { return devices_.find(sn); }

const Token* Directory::find_token(std::string_view hash) const { return tokens_.find(hash); }

const BrowserSession* Directory::find_session(std::string_view hash) const {
  return sessions_.find(hash);
}

const Bridge* Directory::find_bridge(std::string_view name) const { return bridges_.find(name); }

Rights Directory::rights(AccountId account, const Device& device) {
  if (device.owner == account) return Rights::kOwner;
  const auto share = std::ranges::find(device.shares, account, &Share::account);
  return share == device.shares.end() ? Rights::kNone : share->rights;
}

std::vector<const Account*> Directory::accounts() const {
  std::vector<const Account*> found = accounts_.all();
  std::ranges::sort(found, {}, &Account::id);
  return found;
}

std::vector<const Device*> Directory::devices() const {
  std::vector<const Device*> found = devices_.all();
  std::ranges::sort(found, {}, &Device::number);
  return found;
}

std::vector<const Bridge*> Directory::bridges() const {
  std::vector<const Bridge*> found = bridges_.all();
  std::ranges::sort(found, {}, &Bridge::number);
  return found;
}

std::vector<const AccessKey*> Directory::keys_of(AccountId account) const {
  const Holding* holding = holdings_.find(account);
  return holding == nullptr ? std::vector<const AccessKey*>() : holding->keys;
}

std::vector<const Token*> Directory::tokens_of(AccountId account) const {
  const Holding* holding = holdings_.find(account);
  return holding == nullptr ? std::vector<const Token*>() : holding->tokens;
}

std::vector<const BrowserSession*> Directory::sessions_of(AccountId account) const {
  const Holding* holding = holdings_.find(account);
  return holding == nullptr ? std::vector<const BrowserSession*>() : holding->sessions;
}

std::vector<const Device*> Directory::devices_of(AccountId account) const {
  const Holding* holding = holdings_.find(account);
  return holding == nullptr ? std::vector<const Device*>() : holding->own;
}

std::vector<const Device*> Directory::shared_with(AccountId account) const {
  const Holding* holding = holdings_.find(account);
  return holding == nullptr ? std::vector<const Device*>() : holding->shared;
}

}  // namespace gridloom::registry
