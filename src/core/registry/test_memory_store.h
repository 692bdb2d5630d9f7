// For tests: a registry's store in memory, with the constraints of a database.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/store.h"

namespace gridloom::registry {

// The rows of a registry. A copy of them is a backup.
struct MemoryRows {
  std::map<AccountId, Account> accounts;
  std::vector<AccessKey> keys;  // in the order of adding
  std::map<std::int64_t, Token> tokens;
  std::map<std::int64_t, BrowserSession> sessions;
  std::map<std::int64_t, Bridge> bridges;
  std::map<std::int64_t, Device> devices;
  std::set<std::int64_t> removed;
  std::int64_t last_account = 0;
  std::int64_t last_token = 0;
  std::int64_t last_session = 0;
  std::int64_t last_bridge = 0;
  std::int64_t last_device = 0;
  Revision revision{.registry = std::string(32, '0')};
  int registries = 1;  // ids that were given to this registry
};

// What the connections of one registry share.
struct MemoryRegistry {
  std::mutex changing;  // held by a transaction
  MemoryRows committed;
  std::int64_t commits = 0;
  bool refuses_commits = false;  // each commit fails with kIo, as on a full disk
};

class MemoryTransaction final : public Transaction {
 public:
  struct Connection {
    std::int64_t own_commits = 0;
    std::int64_t seen_of_others = -1;
  };
  MemoryTransaction(MemoryRegistry& registry, Connection& connection)
      : lock_(registry.changing),
        registry_(registry),
        connection_(connection),
        rows_(registry.committed) {}

  Status commit() override {
    if (registry_.refuses_commits) return fail(ErrorCode::kIo, "the disk is full");
    registry_.committed = rows_;
    ++registry_.commits;
    ++connection_.own_commits;
    lock_.unlock();
    return {};
  }
  Result<bool> changed_elsewhere() override {
    const std::int64_t others = registry_.commits - connection_.own_commits;
    return std::exchange(connection_.seen_of_others, others) != others;
  }
  Status load(DirectoryDraft& draft) override {
    for (const auto& [id, account] : rows_.accounts) draft.put(account);
    for (const AccessKey& key : rows_.keys) draft.put(key);
    for (const auto& [number, token] : rows_.tokens) draft.put(token);
    for (const auto& [number, session] : rows_.sessions) draft.put(session);
    for (const auto& [number, bridge] : rows_.bridges) draft.put(bridge);
    for (const auto& [number, device] : rows_.devices) draft.put(device);
    return {};
  }

  Result<AccountId> insert(const Account& account) override {
    const auto is_same = [&](const auto& row) {
      return row.second.name == account.name ||
             row.second.certificate_account == account.certificate_account;
    };
    if (std::ranges::any_of(rows_.accounts, is_same)) return conflict("accounts");
    const AccountId id{++rows_.last_account};
    Account row = account;
    row.id = id;
    row.certificate_generation = 1;
    row.gateway_generation = 1;
    row.password_hash = Secret();
    rows_.accounts.emplace(id, std::move(row));
    return id;
  }
  Status insert(const AccessKey& key) override {
    const auto is_same = [&](const AccessKey& row) { return row.access_key == key.access_key; };
    if (!has(key.account) || std::ranges::any_of(rows_.keys, is_same)) return conflict("keys");
    rows_.keys.push_back(key);
    return {};
  }
  Result<std::int64_t> insert(const Token& token) override {
    const bool is_of_nobody = token.account == AccountId{};
    const bool is_of_administrator = token.scope == Scope::kAdmin;
    if (is_of_nobody != is_of_administrator || (!is_of_nobody && !has(token.account)) ||
        has_hash(rows_.tokens, token.hash)) {
      return conflict("tokens");
    }
    Token row = token;
    row.number = ++rows_.last_token;
    return rows_.tokens.emplace(row.number, row).first->first;
  }
  Result<std::int64_t> insert(const BrowserSession& session) override {
    if (!has(session.account) || has_hash(rows_.sessions, session.hash)) {
      return conflict("sessions");
    }
    BrowserSession row = session;
    row.number = ++rows_.last_session;
    return rows_.sessions.emplace(row.number, row).first->first;
  }
  Result<std::int64_t> insert(const Bridge& bridge) override {
    const auto is_same = [&](const auto& row) { return row.second.name == bridge.name; };
    if (!has(bridge.account) || std::ranges::any_of(rows_.bridges, is_same)) {
      return conflict("bridges");
    }
    Bridge row = bridge;
    row.number = ++rows_.last_bridge;
    return rows_.bridges.emplace(row.number, row).first->first;
  }
  Result<std::int64_t> insert(const Device& device) override {
    const auto is_same = [&](const auto& row) { return row.second.sn == device.sn; };
    if (!has(device.owner) || std::ranges::any_of(rows_.devices, is_same)) {
      return conflict("devices");
    }
    Device row = device;
    row.number = ++rows_.last_device;
    row.shares.clear();
    row.key_generation = 1;
    return rows_.devices.emplace(row.number, row).first->first;
  }

  Status update_certificate_password(const Account& account) override {
    return change(rows_.accounts, account.id, [&](Account& row) {
      row.certificate_password = account.certificate_password;
      row.certificate_generation = account.certificate_generation;
    });
  }
  Status update_gateway_key(const Account& account) override {
    return change(rows_.accounts, account.id, [&](Account& row) {
      row.gateway_key = account.gateway_key;
      row.gateway_generation = account.gateway_generation;
    });
  }
  Status update_password_hash(const Account& account) override {
    if (!has(account.id)) return conflict("passwords");
    return change(rows_.accounts, account.id,
                  [&](Account& row) { row.password_hash = account.password_hash; });
  }
  Status update_use(const BrowserSession& session) override {
    return change(rows_.sessions, session.number,
                  [&](BrowserSession& row) { row.used_ms = session.used_ms; });
  }
  Status update(const Bridge& bridge) override {
    return change(rows_.bridges, bridge.number, [&](Bridge& row) {
      row.settings = bridge.settings;
      row.is_on = bridge.is_on;
    });
  }
  Status update_key(const Device& device) override {
    return change(rows_.devices, device.number, [&](Device& row) {
      row.key = device.key;
      row.key_generation = device.key_generation;
    });
  }
  Status update_name_and_owner(const Device& device) override {
    if (!rows_.devices.contains(device.number)) return {};
    if (!has(device.owner)) return conflict("devices");
    return change(rows_.devices, device.number, [&](Device& row) {
      row.name = device.name;
      row.owner = device.owner;
    });
  }
  Status update_share(const Device& device, const Share& share) override {
    const auto found = rows_.devices.find(device.number);
    const bool removes = share.rights == Rights::kNone;
    if (!removes && (found == rows_.devices.end() || !has(share.account))) {
      return conflict("shares");
    }
    if (found == rows_.devices.end()) return {};
    std::vector<Share>& shares = found->second.shares;
    std::erase_if(shares, [&](const Share& row) { return row.account == share.account; });
    if (removes) return {};
    shares.insert(std::ranges::lower_bound(shares, share.account, {}, &Share::account), share);
    return {};
  }

  Status remove_shares(const Device& device) override {
    return change(rows_.devices, device.number, [](Device& row) { row.shares.clear(); });
  }
  Status remove(const Account& account) override {
    const AccountId id = account.id;
    const auto is_owned = [id](const auto& row) { return row.second.owner == id; };
    if (std::ranges::any_of(rows_.devices, is_owned)) return conflict("devices");
    for (auto& [number, device] : rows_.devices) {
      std::erase_if(device.shares, [id](const Share& share) { return share.account == id; });
    }
    std::erase_if(rows_.keys, [id](const AccessKey& key) { return key.account == id; });
    std::erase_if(rows_.tokens, [id](const auto& row) { return row.second.account == id; });
    std::erase_if(rows_.sessions, [id](const auto& row) { return row.second.account == id; });
    std::erase_if(rows_.bridges, [id](const auto& row) { return row.second.account == id; });
    rows_.accounts.erase(id);
    return {};
  }
  Status remove(const AccessKey& key) override {
    std::erase_if(rows_.keys,
                  [&](const AccessKey& row) { return row.access_key == key.access_key; });
    return {};
  }
  Status remove(const Token& token) override {
    rows_.tokens.erase(token.number);
    return {};
  }
  Status remove(const BrowserSession& session) override {
    rows_.sessions.erase(session.number);
    return {};
  }
  Status remove(const Bridge& bridge) override {
    rows_.bridges.erase(bridge.number);
    return {};
  }
  Status remove(const Device& device) override {
    rows_.removed.insert(device.number);
    rows_.devices.erase(device.number);
    return {};
  }

  Status add_removed(std::int64_t device_number) override {
    rows_.removed.insert(device_number);
    return {};
  }
  Status reserve_device_numbers(std::int64_t highest) override {
    rows_.last_device = std::max(rows_.last_device, highest);
    return {};
  }

  Result<Revision> count_revision() override {
    ++rows_.revision.number;
    return rows_.revision;
  }
  Result<Revision> restart_revisions() override {
    rows_.revision = {.registry = fmt::format("{:032x}", ++rows_.registries), .number = 0};
    return rows_.revision;
  }

 private:
  static std::unexpected<Error> conflict(std::string_view table) {
    return fail(ErrorCode::kConflict, fmt::format("a row of {} violates a constraint", table));
  }
  [[nodiscard]] bool has(AccountId account) const { return rows_.accounts.contains(account); }
  static bool has_hash(const auto& rows, const std::string& hash) {
    return std::ranges::any_of(rows, [&](const auto& row) { return row.second.hash == hash; });
  }
  static Status change(auto& rows, auto key, const auto& how) {
    if (const auto found = rows.find(key); found != rows.end()) how(found->second);
    return {};
  }

  std::unique_lock<std::mutex> lock_;
  MemoryRegistry& registry_;
  Connection& connection_;
  MemoryRows rows_;
};

// A connection to the registry.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryRegistry> registry) : registry_(std::move(registry)) {}

  Result<std::unique_ptr<Transaction>> begin() override {
    return std::make_unique<MemoryTransaction>(*registry_, connection_);
  }
  Result<Revision> revision() override { return registry_->committed.revision; }
  Result<std::vector<std::int64_t>> removed_devices() override {
    const auto& removed = registry_->committed.removed;
    return std::vector(removed.begin(), removed.end());
  }
  Result<std::int64_t> highest_device_number() override { return registry_->committed.last_device; }

 private:
  std::shared_ptr<MemoryRegistry> registry_;
  MemoryTransaction::Connection connection_;
};

}  // namespace gridloom::registry
