#include "registry/sqlite/transaction.h"

#include <string>
#include <utility>

#include "registry/secret_places.h"
#include "registry/sqlite/load.h"
#include "storage/empty_wal.h"

namespace gridloom::registry {
namespace {

using storage::Blob;

std::int64_t number_of(AccountId id) { return std::to_underlying(id); }
std::int64_t flag_of(bool is_on) { return is_on ? 1 : 0; }

}  // namespace

Status SqliteTransaction::commit() {
  if (Status done = transaction_.commit(); !done) return done;
  storage::empty_wal(database_);
  return {};
}

Result<bool> SqliteTransaction::changed_elsewhere() {
  // Between two queries on one connection, only commits of other connections change data_version.
  const Result<std::int64_t> version = database_.integer("PRAGMA data_version");
  if (!version) return std::unexpected(version.error());
  return std::exchange(seen_version_, *version) != *version;
}

Status SqliteTransaction::load(DirectoryDraft& draft) {
  return load_registry(database_, sealer_, draft);
}

Result<AccountId> SqliteTransaction::insert(const Account& account) {
  const std::string password =
      sealer_.seal(certificate_place(account.certificate_account), account.certificate_password);
  const std::string gateway =
      sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  Status done = database_.execute(
      "INSERT INTO accounts (name, certificate_account, certificate_password, gateway_key) "
      "VALUES (?, ?, ?, ?)",
      account.name, account.certificate_account, Blob{password}, Blob{gateway});
  if (!done) return std::unexpected(done.error());
  return AccountId{database_.last_insert_id()};
}

Status SqliteTransaction::insert(const AccessKey& key) {
  const std::string secret = sealer_.seal(secret_key_place(key.access_key), key.secret_key);
  return database_.execute(
      "INSERT INTO access_keys (access_key, secret_key, account) VALUES (?, ?, ?)", key.access_key,
      Blob{secret}, number_of(key.account));
}

Result<std::int64_t> SqliteTransaction::insert(const Token& token) {
  Status done = database_.execute(
      "INSERT INTO tokens (hash, name, account, scope, made_ms, expires_ms) "
      "VALUES (?, ?, NULLIF(?, 0), ?, ?, ?)",
      token.hash, token.name, number_of(token.account),
      static_cast<std::int64_t>(std::to_underlying(token.scope)), token.made_ms, token.expires_ms);
  if (!done) return std::unexpected(done.error());
  const std::int64_t number = database_.last_insert_id();
  if (token.device.empty()) return number;
  done = database_.execute("INSERT INTO token_devices (token, sn) VALUES (?, ?)", number,
                           token.device);
  if (!done) return std::unexpected(done.error());
  return number;
}

Result<std::int64_t> SqliteTransaction::insert(const BrowserSession& session) {
  Status done = database_.execute(
      "INSERT INTO browser_sessions (hash, account, signed_in_by, client, made_ms, used_ms) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      session.hash, number_of(session.account),
      static_cast<std::int64_t>(std::to_underlying(session.by)), session.client, session.made_ms,
      session.used_ms);
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Result<std::int64_t> SqliteTransaction::insert(const Bridge& bridge) {
  const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
  Status done = database_.execute(
      "INSERT INTO bridges (name, kind, account, settings, is_on, made_ms) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      bridge.name, bridge.kind, number_of(bridge.account), Blob{settings}, flag_of(bridge.is_on),
      bridge.made_ms);
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Result<std::int64_t> SqliteTransaction::insert(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  Status done =
      database_.execute("INSERT INTO devices (sn, name, owner, device_key) VALUES (?, ?, ?, ?)",
                        device.sn, device.name, number_of(device.owner), Blob{key});
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Status SqliteTransaction::update_certificate_password(const Account& account) {
  const std::string password =
      sealer_.seal(certificate_place(account.certificate_account), account.certificate_password);
  return database_.execute(
      "UPDATE accounts SET certificate_password = ?, certificate_generation = ? WHERE id = ?",
      Blob{password}, account.certificate_generation, number_of(account.id));
}

Status SqliteTransaction::update_gateway_key(const Account& account) {
  const std::string key =
      sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  return database_.execute(
      "UPDATE accounts SET gateway_key = ?, gateway_generation = ? WHERE id = ?", Blob{key},
      account.gateway_generation, number_of(account.id));
}

Status SqliteTransaction::update_password_hash(const Account& account) {
  const std::string hash =
      sealer_.seal(password_place(account.certificate_account), account.password_hash);
  return database_.execute(
      "INSERT INTO passwords (account, hash) VALUES (?, ?) "
      "ON CONFLICT (account) DO UPDATE SET hash = excluded.hash",
      number_of(account.id), Blob{hash});
}

Status SqliteTransaction::update_use(const BrowserSession& session) {
  return database_.execute("UPDATE browser_sessions SET used_ms = ? WHERE id = ?", session.used_ms,
                           session.number);
}

Status SqliteTransaction::update(const Bridge& bridge) {
  const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
  return database_.execute("UPDATE bridges SET settings = ?, is_on = ? WHERE id = ?",
                           Blob{settings}, flag_of(bridge.is_on), bridge.number);
}

Status SqliteTransaction::update_key(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  return database_.execute("UPDATE devices SET device_key = ?, key_generation = ? WHERE id = ?",
                           Blob{key}, device.key_generation, device.number);
}

Status SqliteTransaction::update_name_and_owner(const Device& device) {
  return database_.execute("UPDATE devices SET name = ?, owner = ? WHERE id = ?", device.name,
                           number_of(device.owner), device.number);
}

Status SqliteTransaction::update_share(const Device& device, const Share& share) {
  if (share.rights == Rights::kNone) {
    return database_.execute("DELETE FROM shares WHERE device = ? AND account = ?", device.number,
                             number_of(share.account));
  }
  return database_.execute(
      "INSERT INTO shares (device, account, rights) VALUES (?, ?, ?) "
      "ON CONFLICT (device, account) DO UPDATE SET rights = excluded.rights",
      device.number, number_of(share.account),
      static_cast<std::int64_t>(std::to_underlying(share.rights)));
}

Status SqliteTransaction::remove_shares(const Device& device) {
  return database_.execute("DELETE FROM shares WHERE device = ?", device.number);
}

Status SqliteTransaction::remove(const Account& account) {
  return database_.execute("DELETE FROM accounts WHERE id = ?", number_of(account.id));
}

Status SqliteTransaction::remove(const AccessKey& key) {
  return database_.execute("DELETE FROM access_keys WHERE access_key = ?", key.access_key);
}

Status SqliteTransaction::remove(const Token& token) {
  return database_.execute("DELETE FROM tokens WHERE id = ?", token.number);
}

Status SqliteTransaction::remove(const BrowserSession& session) {
  return database_.execute("DELETE FROM browser_sessions WHERE id = ?", session.number);
}

Status SqliteTransaction::remove(const Bridge& bridge) {
  return database_.execute("DELETE FROM bridges WHERE id = ?", bridge.number);
}

Status SqliteTransaction::remove(const Device& device) {
  if (Status noted = add_removed(device.number); !noted) return noted;
  return database_.execute("DELETE FROM devices WHERE id = ?", device.number);
}

Status SqliteTransaction::add_removed(std::int64_t device_number) {
  return database_.execute("INSERT OR IGNORE INTO removed_devices (id) VALUES (?)", device_number);
}

Status SqliteTransaction::reserve_device_numbers(std::int64_t highest) {
  // SQLite creates this row at the first insert, and reads it at each insert.
  Status done = database_.execute(
      "INSERT INTO sqlite_sequence (name, seq) SELECT 'devices', 0 "
      "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'devices')");
  if (!done) return done;
  done = database_.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'devices'",
                           highest);
  if (!done) return done;
  return database_.execute("UPDATE table_sums SET highest = max(highest, ?) WHERE name = 'devices'",
                           highest);
}

Result<Revision> SqliteTransaction::count_revision() {
  if (Status done = database_.execute("UPDATE revision SET number = number + 1"); !done) {
    return std::unexpected(done.error());
  }
  return read_revision(database_);
}

Result<Revision> SqliteTransaction::restart_revisions() {
  if (Status done = database_.execute(
          "UPDATE revision SET registry = lower(hex(randomblob(16))), number = 0");
      !done) {
    return std::unexpected(done.error());
  }
  return read_revision(database_);
}

}  // namespace gridloom::registry
