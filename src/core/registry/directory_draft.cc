// Holdings point into the indexes, so a value is removed from the holdings before it is removed
// from its index.
#include "registry/directory_draft.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace gridloom::registry {
namespace {

void insert_in_order(std::vector<const Device*>& devices, const Device* device) {
  devices.insert(std::ranges::upper_bound(devices, device->number, {}, &Device::number), device);
}

bool takes_away(const Account& before, const Account& after) {
  return before.certificate_generation != after.certificate_generation ||
         before.gateway_generation != after.gateway_generation;
}

bool takes_away(const Device& before, const Device& after) {
  if (before.number != after.number || before.key_generation != after.key_generation) return true;
  if (before.owner != after.owner) return true;
  return std::ranges::any_of(before.shares, [&after](const Share& share) {
    return Directory::rights(share.account, after) < share.rights;
  });
}

}  // namespace

void DirectoryDraft::put(Account account) {
  const Account* old = next_.accounts_.find(account.id);
  if (old != nullptr && takes_away(*old, account)) ++next_.revocations_;
  const auto value = std::make_shared<const Account>(std::move(account));
  next_.accounts_.put(value);
  next_.names_.put(value);
  next_.certificates_.put(value);
}

void DirectoryDraft::put(AccessKey key) {
  const auto value = std::make_shared<const AccessKey>(std::move(key));
  erase_key(value->access_key);
  holding(value->account).keys.push_back(value.get());
  next_.keys_.put(value);
}

void DirectoryDraft::put(Token token) {
  const auto value = std::make_shared<const Token>(std::move(token));
  erase_token(value->hash);
  holding(value->account).tokens.push_back(value.get());
  next_.tokens_.put(value);
}

// Keeps its place in the list of its account when it replaces one.
void DirectoryDraft::put(BrowserSession session) {
  const auto value = std::make_shared<const BrowserSession>(std::move(session));
  erase_session(value->hash);
  auto& sessions = holding(value->account).sessions;
  sessions.insert(std::ranges::upper_bound(sessions, value->number, {}, &BrowserSession::number),
                  value.get());
  next_.sessions_.put(value);
}

void DirectoryDraft::put(Device device) {
  const auto value = std::make_shared<const Device>(std::move(device));
  if (const Device* old = next_.devices_.find(value->sn)) {
    if (takes_away(*old, *value)) ++next_.revocations_;
    forget(*old);
  }
  insert_in_order(holding(value->owner).own, value.get());
  for (const Share& share : value->shares) {
    insert_in_order(holding(share.account).shared, value.get());
  }
  next_.devices_.put(value);
}

void DirectoryDraft::put(Bridge bridge) {
  next_.bridges_.put(std::make_shared<const Bridge>(std::move(bridge)));
}

void DirectoryDraft::erase_account(AccountId id) {
  const Account* account = next_.accounts_.find(id);
  if (account == nullptr) return;
  // Iterates over copies: both lists shrink in the loops.
  for (const Device* device : std::vector(holding(id).shared)) {
    Device without = *device;
    std::erase_if(without.shares, [id](const Share& share) { return share.account == id; });
    put(std::move(without));
  }
  for (const AccessKey* key : std::vector(holding(id).keys)) {
    erase_key(key->access_key);
  }
  for (const Token* token : std::vector(holding(id).tokens)) erase_token(token->hash);
  for (const BrowserSession* each : std::vector(holding(id).sessions)) erase_session(each->hash);
  for (const Bridge* each : next_.bridges_.all()) {
    if (each->account == id) erase_bridge(each->name);
  }
  next_.names_.erase(account->name);
  next_.certificates_.erase(account->certificate_account);
  next_.accounts_.erase(id);
  next_.holdings_.erase(id);
  touched_.erase(id);
  ++next_.revocations_;
}

void DirectoryDraft::erase_key(std::string_view access_key) {
  const AccessKey* key = next_.keys_.find(access_key);
  if (key == nullptr) return;
  std::erase(holding(key->account).keys, key);
  next_.keys_.erase(access_key);
}

void DirectoryDraft::erase_token(std::string_view hash) {
  const Token* token = next_.tokens_.find(hash);
  if (token == nullptr) return;
  std::erase(holding(token->account).tokens, token);
  next_.tokens_.erase(hash);
}

void DirectoryDraft::erase_session(std::string_view hash) {
  const BrowserSession* session = next_.sessions_.find(hash);
  if (session == nullptr) return;
  std::erase(holding(session->account).sessions, session);
  next_.sessions_.erase(hash);
}

void DirectoryDraft::erase_device(std::string_view sn) {
  const Device* device = next_.devices_.find(sn);
  if (device == nullptr) return;
  forget(*device);
  next_.devices_.erase(sn);
  ++next_.revocations_;
}

void DirectoryDraft::erase_bridge(std::string_view name) { next_.bridges_.erase(name); }

std::shared_ptr<const Directory> DirectoryDraft::finish() && {
  for (auto& [account, holding] : touched_) {
    next_.holdings_.put(std::make_shared<const Directory::Holding>(std::move(holding)));
  }
  touched_.clear();
  return std::make_shared<const Directory>(std::move(next_));
}

Directory::Holding& DirectoryDraft::holding(AccountId account) {
  const auto [at, added] = touched_.try_emplace(account);
  if (added) {
    if (const Directory::Holding* present = next_.holdings_.find(account)) at->second = *present;
    at->second.account = account;
  }
  return at->second;
}

void DirectoryDraft::forget(const Device& device) {
  std::erase(holding(device.owner).own, &device);
  for (const Share& share : device.shares) std::erase(holding(share.account).shared, &device);
}

}  // namespace gridloom::registry
