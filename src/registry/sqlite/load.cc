#include "registry/sqlite/load.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "registry/sqlite/migrations.h"
#include "registry/sqlite/secret_places.h"
#include "registry/sqlite/table_sums.h"

namespace gridloom::registry {
namespace {

using storage::Database;
using storage::Statement;

Status load_accounts(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  return database.each_row(
      "SELECT id, name, certificate_account, certificate_password, gateway_key, "
      "certificate_generation, gateway_generation, hash "
      "FROM accounts LEFT JOIN passwords ON account = id ORDER BY id",
      [&sealer, &draft](const Statement& row) -> Status {
        Account account{.id = AccountId{row.integer(0)},
                        .name = std::string(row.bytes(1)),
                        .certificate_account = std::string(row.bytes(2)),
                        .certificate_password = {},
                        .gateway_key = {},
                        .certificate_generation = row.integer(5),
                        .gateway_generation = row.integer(6)};
        Result<Secret> password = sealer.open(
            {.place = certificate_place(account.certificate_account), .sealed = row.bytes(3)});
        if (!password) return std::unexpected(password.error());
        Result<Secret> gateway = sealer.open(
            {.place = gateway_place(account.certificate_account), .sealed = row.bytes(4)});
        if (!gateway) return std::unexpected(gateway.error());
        account.certificate_password = std::move(*password);
        account.gateway_key = std::move(*gateway);
        if (!row.bytes(7).empty()) {
          Result<Secret> hash = sealer.open(
              {.place = password_place(account.certificate_account), .sealed = row.bytes(7)});
          if (!hash) return std::unexpected(hash.error());
          account.password_hash = std::move(*hash);
        }
        draft.put(std::move(account));
        return {};
      });
}

Status load_keys(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  return database.each_row(
      "SELECT access_key, secret_key, account FROM access_keys ORDER BY id",
      [&sealer, &draft](const Statement& row) -> Status {
        AccessKey key{.access_key = std::string(row.bytes(0)),
                      .secret_key = {},
                      .account = AccountId{row.integer(2)}};
        Result<Secret> secret =
            sealer.open({.place = secret_key_place(key.access_key), .sealed = row.bytes(1)});
        if (!secret) return std::unexpected(secret.error());
        key.secret_key = std::move(*secret);
        draft.put(std::move(key));
        return {};
      });
}

Status load_tokens(Database& database, DirectoryDraft& draft) {
  return database.each_row(
      "SELECT id, hash, name, account, scope, made_ms, expires_ms, sn "
      "FROM tokens LEFT JOIN token_devices ON token = id ORDER BY id",
      [&draft](const Statement& row) -> Status {
        draft.put(Token{.number = row.integer(0),
                        .hash = std::string(row.bytes(1)),
                        .name = std::string(row.bytes(2)),
                        .account = AccountId{row.integer(3)},
                        .scope = static_cast<Scope>(row.integer(4)),
                        .made_ms = row.integer(5),
                        .expires_ms = row.integer(6),
                        .device = std::string(row.bytes(7))});
        return {};
      });
}

Status load_sessions(Database& database, DirectoryDraft& draft) {
  return database.each_row(
      "SELECT id, hash, account, signed_in_by, client, made_ms, used_ms FROM browser_sessions "
      "ORDER BY id",
      [&draft](const Statement& row) -> Status {
        draft.put(BrowserSession{.number = row.integer(0),
                                 .hash = std::string(row.bytes(1)),
                                 .account = AccountId{row.integer(2)},
                                 .by = static_cast<SignInBy>(row.integer(3)),
                                 .client = std::string(row.bytes(4)),
                                 .made_ms = row.integer(5),
                                 .used_ms = row.integer(6)});
        return {};
      });
}

Status load_devices(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  std::map<std::int64_t, std::vector<Share>> shares;
  Status read = database.each_row(
      "SELECT device, account, rights FROM shares ORDER BY account",
      [&shares](const Statement& row) -> Status {
        shares[row.integer(0)].push_back(
            {.account = AccountId{row.integer(1)}, .rights = static_cast<Rights>(row.integer(2))});
        return {};
      });
  if (!read) return read;
  return database.each_row(
      "SELECT id, sn, name, owner, device_key, key_generation FROM devices ORDER BY id",
      [&sealer, &draft, &shares](const Statement& row) -> Status {
        Device device{.sn = std::string(row.bytes(1)),
                      .name = std::string(row.bytes(2)),
                      .owner = AccountId{row.integer(3)},
                      .key = {},
                      .number = row.integer(0),
                      .shares = {},
                      .key_generation = row.integer(5)};
        Result<Secret> key =
            sealer.open({.place = device_place(device.sn), .sealed = row.bytes(4)});
        if (!key) return std::unexpected(key.error());
        device.key = std::move(*key);
        if (const auto of = shares.find(device.number); of != shares.end()) {
          device.shares = std::move(of->second);
        }
        draft.put(std::move(device));
        return {};
      });
}

Status load_bridges(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  return database.each_row(
      "SELECT id, name, kind, account, settings, is_on, made_ms FROM bridges ORDER BY id",
      [&sealer, &draft](const Statement& row) -> Status {
        Bridge bridge{.number = row.integer(0),
                      .name = std::string(row.bytes(1)),
                      .kind = std::string(row.bytes(2)),
                      .account = AccountId{row.integer(3)},
                      .settings = {},
                      .is_on = row.integer(5) != 0,
                      .made_ms = row.integer(6)};
        Result<Secret> settings =
            sealer.open({.place = bridge_place(bridge.name), .sealed = row.bytes(4)});
        if (!settings) return std::unexpected(settings.error());
        bridge.settings = std::move(*settings);
        draft.put(std::move(bridge));
        return {};
      });
}

}  // namespace

Status check_sums(Database& database) {
  const Result<std::int64_t> version = schema_version(database);
  if (!version) return std::unexpected(version.error());
  if (*version != migrations().back().version) return {};
  return check_table_sums(database, *version);
}

Status load_registry(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  if (Status whole = check_sums(database); !whole) return whole;
  if (Status done = load_accounts(database, sealer, draft); !done) return done;
  if (Status done = load_keys(database, sealer, draft); !done) return done;
  if (Status done = load_tokens(database, draft); !done) return done;
  if (Status done = load_sessions(database, draft); !done) return done;
  if (Status done = load_devices(database, sealer, draft); !done) return done;
  return load_bridges(database, sealer, draft);
}

Result<Revision> read_revision(Database& database) {
  Revision revision;
  const Status read =
      database.each_row("SELECT registry, number FROM revision", [&revision](const Statement& row) {
        revision = {.registry = std::string(row.bytes(0)), .number = row.integer(1)};
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return revision;
}

}  // namespace gridloom::registry
