#include "registry/postgres/transaction.h"

#include <string>
#include <utility>
#include <vector>

#include "postgres/pipeline.h"
#include "registry/load_rows.h"
#include "registry/postgres/rows_of.h"
#include "registry/postgres/store.h"
#include "registry/secret_places.h"

namespace gridloom::registry {
namespace {

using postgres::Bytes;
using postgres::Rows;

std::int64_t number_of(AccountId id) { return std::to_underlying(id); }
template <typename T>
std::int16_t code_of(T value) {
  return static_cast<std::int16_t>(std::to_underlying(value));
}

}  // namespace

Status PostgresTransaction::commit() {
  if (!rows_.has_changes()) return transaction_.commit();
  if (Status stored = rows_.store_numbers(); !stored) return stored;
  const Result<std::int64_t> change = announce();
  if (!change) return std::unexpected(change.error());
  const std::int64_t before = *change - 1;
  if (Status done = transaction_.commit(); !done) return done;
  // A change of another process that nobody has asked for yet stays to be noticed.
  std::int64_t seen = before;
  seen_change_.compare_exchange_strong(seen, *change);
  return {};
}

Result<std::int64_t> PostgresTransaction::announce() {
  Result<std::int64_t> change =
      connection_.integer("UPDATE revision SET change = change + 1 RETURNING change");
  if (!change) return change;
  postgres::Pipeline pipeline(connection_);
  pipeline.add("DELETE FROM changes WHERE at < now() - CAST('1 hour' AS interval)");
  pipeline.add("INSERT INTO changes (n, program) VALUES ($1, current_setting('application_name'))",
               *change);
  pipeline.add("SELECT pg_notify($1, CAST($2 AS text))", channel_of(connection_.schema()), *change);
  const Result<std::vector<Rows>> done = pipeline.run();
  if (!done) return std::unexpected(done.error());
  return change;
}

Result<bool> PostgresTransaction::changed_elsewhere() {
  const Result<std::int64_t> change = connection_.integer("SELECT change FROM revision");
  if (!change) return std::unexpected(change.error());
  return seen_change_.exchange(*change) != *change;
}

Status PostgresTransaction::load(DirectoryDraft& draft) {
  const RowsOf rows(connection_);
  Status done = RowLoader(rows, sealer_, draft).load();
  if (!done) seen_change_ = -1;  // the caller has not seen it, and loads again
  return done;
}

Result<AccountId> PostgresTransaction::insert(const Account& account) {
  const std::string password =
      sealer_.seal(certificate_place(account.certificate_account), account.certificate_password);
  const std::string gateway =
      sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  const Result<std::int64_t> id = rows_.insert(
      "accounts",
      "INSERT INTO accounts (id, name, certificate_account, certificate_password, gateway_key) "
      "VALUES ($1, $2, $3, $4, $5)",
      account.name, account.certificate_account, Bytes{password}, Bytes{gateway});
  if (!id) return std::unexpected(id.error());
  return AccountId{*id};
}

Status PostgresTransaction::insert(const AccessKey& key) {
  const std::string secret = sealer_.seal(secret_key_place(key.access_key), key.secret_key);
  const Result<std::int64_t> id = rows_.insert(
      "access_keys",
      "INSERT INTO access_keys (id, access_key, secret_key, account) VALUES ($1, $2, $3, $4)",
      key.access_key, Bytes{secret}, number_of(key.account));
  return id ? Status() : std::unexpected(id.error());
}

Result<std::int64_t> PostgresTransaction::insert(const Token& token) {
  // One statement, so that a token of a device never opens all of them.
  return rows_.insert(
      "tokens",
      "WITH made AS (INSERT INTO tokens (id, hash, name, account, scope, made_ms, expires_ms) "
      "VALUES ($1, $2, $3, NULLIF($4, 0), $5, $6, $7) RETURNING id) "
      "INSERT INTO token_devices (token, sn) SELECT id, $8 FROM made WHERE $8 <> ''",
      token.hash, token.name, number_of(token.account), code_of(token.scope), token.made_ms,
      token.expires_ms, token.device);
}

Result<std::int64_t> PostgresTransaction::insert(const BrowserSession& session) {
  return rows_.insert(
      "browser_sessions",
      "INSERT INTO browser_sessions (id, hash, account, signed_in_by, client, made_ms, used_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      session.hash, number_of(session.account), code_of(session.by), session.client,
      session.made_ms, session.used_ms);
}

Result<std::int64_t> PostgresTransaction::insert(const Bridge& bridge) {
  const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
  return rows_.insert("bridges",
                      "INSERT INTO bridges (id, name, kind, account, settings, is_on, made_ms) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      bridge.name, bridge.kind, number_of(bridge.account), Bytes{settings},
                      bridge.is_on, bridge.made_ms);
}

Result<std::int64_t> PostgresTransaction::insert(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  return rows_.insert(
      "devices",
      "INSERT INTO devices (id, sn, name, owner, device_key) VALUES ($1, $2, $3, $4, $5)",
      device.sn, device.name, number_of(device.owner), Bytes{key});
}

Status PostgresTransaction::update_certificate_password(const Account& account) {
  const std::string password =
      sealer_.seal(certificate_place(account.certificate_account), account.certificate_password);
  return rows_.change(
      "UPDATE accounts SET certificate_password = $1, certificate_generation = $2 WHERE id = $3",
      Bytes{password}, account.certificate_generation, number_of(account.id));
}

Status PostgresTransaction::update_gateway_key(const Account& account) {
  const std::string key =
      sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  return rows_.change("UPDATE accounts SET gateway_key = $1, gateway_generation = $2 WHERE id = $3",
                      Bytes{key}, account.gateway_generation, number_of(account.id));
}

Status PostgresTransaction::update_password_hash(const Account& account) {
  const std::string hash =
      sealer_.seal(password_place(account.certificate_account), account.password_hash);
  return rows_.change(
      "INSERT INTO passwords (account, hash) VALUES ($1, $2) "
      "ON CONFLICT (account) DO UPDATE SET hash = excluded.hash",
      number_of(account.id), Bytes{hash});
}

Status PostgresTransaction::update_use(const BrowserSession& session) {
  return rows_.change("UPDATE browser_sessions SET used_ms = $1 WHERE id = $2", session.used_ms,
                      session.number);
}

Status PostgresTransaction::update(const Bridge& bridge) {
  const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
  return rows_.change("UPDATE bridges SET settings = $1, is_on = $2 WHERE id = $3", Bytes{settings},
                      bridge.is_on, bridge.number);
}

Status PostgresTransaction::update_key(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  return rows_.change("UPDATE devices SET device_key = $1, key_generation = $2 WHERE id = $3",
                      Bytes{key}, device.key_generation, device.number);
}

Status PostgresTransaction::update_name_and_owner(const Device& device) {
  return rows_.change("UPDATE devices SET name = $1, owner = $2 WHERE id = $3", device.name,
                      number_of(device.owner), device.number);
}

Status PostgresTransaction::update_share(const Device& device, const Share& share) {
  if (share.rights == Rights::kNone) {
    return rows_.change("DELETE FROM shares WHERE device = $1 AND account = $2", device.number,
                        number_of(share.account));
  }
  return rows_.change(
      "INSERT INTO shares (device, account, rights) VALUES ($1, $2, $3) "
      "ON CONFLICT (device, account) DO UPDATE SET rights = excluded.rights",
      device.number, number_of(share.account), code_of(share.rights));
}

Status PostgresTransaction::remove_shares(const Device& device) {
  return rows_.change("DELETE FROM shares WHERE device = $1", device.number);
}

Status PostgresTransaction::remove(const Account& account) {
  return rows_.change("DELETE FROM accounts WHERE id = $1", number_of(account.id));
}

Status PostgresTransaction::remove(const AccessKey& key) {
  return rows_.change("DELETE FROM access_keys WHERE access_key = $1", key.access_key);
}

Status PostgresTransaction::remove(const Token& token) {
  return rows_.change("DELETE FROM tokens WHERE id = $1", token.number);
}

Status PostgresTransaction::remove(const BrowserSession& session) {
  return rows_.change("DELETE FROM browser_sessions WHERE id = $1", session.number);
}

Status PostgresTransaction::remove(const Bridge& bridge) {
  return rows_.change("DELETE FROM bridges WHERE id = $1", bridge.number);
}

Status PostgresTransaction::remove(const Device& device) {
  return rows_.change(
      "WITH removed AS (DELETE FROM devices WHERE id = $1) "
      "INSERT INTO removed_devices (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
      device.number);
}

Status PostgresTransaction::add_removed(std::int64_t device_number) {
  return rows_.change("INSERT INTO removed_devices (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
                      device_number);
}

Status PostgresTransaction::reserve_device_numbers(std::int64_t highest) {
  return rows_.reserve("devices", highest);
}

Result<Revision> PostgresTransaction::count_revision() {
  if (Status done = rows_.change("UPDATE revision SET number = number + 1"); !done) {
    return std::unexpected(done.error());
  }
  const RowsOf rows(connection_);
  return read_revision_of(rows);
}

Result<Revision> PostgresTransaction::restart_revisions() {
  if (Status done = rows_.change("UPDATE revision SET number = 0, "
                                 "registry = replace(CAST(gen_random_uuid() AS text), '-', '')");
      !done) {
    return std::unexpected(done.error());
  }
  const RowsOf rows(connection_);
  return read_revision_of(rows);
}

}  // namespace gridloom::registry
