#include "registry/load_rows.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace gridloom::registry {
namespace {

using tables::RowView;

// As a part of statements: the rows of `changed_rows` that are of a kind.
std::string changed(std::string_view kind) {
  return fmt::format("FROM changed_rows WHERE kind = '{}' AND n > $1", kind);
}

}  // namespace

Status RowLoader::each(const std::string& sql, const OnRow& on_row) {
  return connection_.each(sql, since_, [&on_row](const RowView& row) -> Result<bool> {
    GL_TRY(on_row(row));
    return true;
  });
}

Status RowLoader::load() {
  GL_TRY(load_accounts());
  GL_TRY(load_keys());
  GL_TRY(load_tokens());
  GL_TRY(load_sessions());
  GL_TRY(load_devices());
  return load_bridges();
}

Status RowLoader::load_changes(std::int64_t since) {
  since_ = {since};
  std::set<std::string, std::less<>> kinds;
  Status done = each("SELECT DISTINCT kind FROM changed_rows WHERE n > $1",
                     [&kinds](const RowView& row) -> Status {
                       kinds.emplace(row.bytes(0));
                       return {};
                     });
  const auto then = [&](std::string_view kind, const auto& read) {
    if (done && kinds.contains(kind)) done = read();
  };
  then("browser_sessions",
       [&] { return erase("browser_sessions", "hash", &DirectoryDraft::erase_session); });
  then("tokens", [&] { return erase("tokens", "hash", &DirectoryDraft::erase_token); });
  then("access_keys",
       [&] { return erase("access_keys", "access_key", &DirectoryDraft::erase_key); });
  then("bridges", [&] { return erase("bridges", "name", &DirectoryDraft::erase_bridge); });
  then("devices", [&] { return erase("devices", "sn", &DirectoryDraft::erase_device); });
  then("devices", [&] { return load_devices(); });
  then("accounts", [&] { return erase_accounts(); });
  then("accounts", [&] { return load_accounts(); });
  then("access_keys", [&] { return load_keys(); });
  then("tokens", [&] { return load_tokens(); });
  then("browser_sessions", [&] { return load_sessions(); });
  then("bridges", [&] { return load_bridges(); });
  return done;
}

std::string RowLoader::where(std::string_view kind, std::string_view column,
                             std::string_view key) const {
  if (since_.empty()) return {};
  return fmt::format(" WHERE {} IN (SELECT {} {})", column, key, changed(kind));
}

std::string RowLoader::where_device() const {
  const std::string of = where("devices", "sn");
  return of.empty() ? of : fmt::format(" WHERE device IN (SELECT id FROM devices{})", of);
}

Status RowLoader::erase(std::string_view kind, std::string_view column,
                        void (DirectoryDraft::*erase)(std::string_view)) {
  return each(fmt::format("SELECT key {} AND NOT EXISTS (SELECT 1 FROM {} WHERE {} = key)",
                          changed(kind), kind, column),
              [this, erase](const RowView& row) -> Status {
                (draft_.*erase)(row.bytes(0));
                return {};
              });
}

Status RowLoader::erase_accounts() {
  return each(fmt::format("SELECT CAST(key AS bigint) {} AND NOT EXISTS "
                          "(SELECT 1 FROM accounts WHERE id = CAST(key AS bigint))",
                          changed("accounts")),
              [this](const RowView& row) -> Status {
                draft_.erase_account(AccountId{row.integer(0)});
                return {};
              });
}

Status RowLoader::open(std::string_view place, std::string_view sealed, Secret& into) const {
  GL_TRY(Secret opened, sealer_.open({.place = place, .sealed = sealed}));
  into = std::move(opened);
  return {};
}

Status RowLoader::load_accounts() {
  return each(
      "SELECT id, name, certificate_account, certificate_password, gateway_key, "
      "certificate_generation, gateway_generation, hash "
      "FROM accounts LEFT JOIN passwords ON account = id" +
          where("accounts", "id", "CAST(key AS bigint)") + " ORDER BY id",
      [this](const RowView& row) -> Status {
        Account account{.id = AccountId{row.integer(0)},
                        .name = std::string(row.bytes(1)),
                        .certificate_account = std::string(row.bytes(2)),
                        .certificate_password = {},
                        .gateway_key = {},
                        .certificate_generation = row.integer(5),
                        .gateway_generation = row.integer(6)};
        const std::string& whose = account.certificate_account;
        Status opened = open(certificate_place(whose), row.bytes(3), account.certificate_password);
        if (opened) opened = open(gateway_place(whose), row.bytes(4), account.gateway_key);
        if (opened && !row.bytes(7).empty()) {
          opened = open(password_place(whose), row.bytes(7), account.password_hash);
        }
        if (opened) draft_.put(std::move(account));
        return opened;
      });
}

Status RowLoader::load_keys() {
  return each("SELECT access_key, secret_key, account FROM access_keys" +
                  where("access_keys", "access_key") + " ORDER BY id",
              [this](const RowView& row) -> Status {
                AccessKey key{.access_key = std::string(row.bytes(0)),
                              .secret_key = {},
                              .account = AccountId{row.integer(2)}};
                Status opened =
                    open(secret_key_place(key.access_key), row.bytes(1), key.secret_key);
                if (opened) draft_.put(std::move(key));
                return opened;
              });
}

Status RowLoader::load_tokens() {
  return each(
      "SELECT id, hash, name, account, scope, made_ms, expires_ms, sn "
      "FROM tokens LEFT JOIN token_devices ON token = id" +
          where("tokens", "hash") + " ORDER BY id",
      [this](const RowView& row) -> Status {
        draft_.put(Token{.number = row.integer(0),
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

Status RowLoader::load_sessions() {
  return each(
      "SELECT id, hash, account, signed_in_by, client, made_ms, used_ms FROM browser_sessions" +
          where("browser_sessions", "hash") + " ORDER BY id",
      [this](const RowView& row) -> Status {
        draft_.put(BrowserSession{.number = row.integer(0),
                                  .hash = std::string(row.bytes(1)),
                                  .account = AccountId{row.integer(2)},
                                  .by = static_cast<SignInBy>(row.integer(3)),
                                  .client = std::string(row.bytes(4)),
                                  .made_ms = row.integer(5),
                                  .used_ms = row.integer(6)});
        return {};
      });
}

Status RowLoader::load_devices() {
  std::map<std::int64_t, std::vector<Share>> shares;
  Status read =
      each("SELECT device, account, rights FROM shares" + where_device() + " ORDER BY account",
           [&shares](const RowView& row) -> Status {
             shares[row.integer(0)].push_back({.account = AccountId{row.integer(1)},
                                               .rights = static_cast<Rights>(row.integer(2))});
             return {};
           });
  if (!read) return read;
  return each("SELECT id, sn, name, owner, device_key, key_generation FROM devices" +
                  where("devices", "sn") + " ORDER BY id",
              [this, &shares](const RowView& row) -> Status {
                Device device{.sn = std::string(row.bytes(1)),
                              .name = std::string(row.bytes(2)),
                              .owner = AccountId{row.integer(3)},
                              .key = {},
                              .number = row.integer(0),
                              .shares = {},
                              .key_generation = row.integer(5)};
                Status opened = open(device_place(device.sn), row.bytes(4), device.key);
                if (!opened) return opened;
                if (const auto of = shares.find(device.number); of != shares.end()) {
                  device.shares = std::move(of->second);
                }
                draft_.put(std::move(device));
                return {};
              });
}

Status RowLoader::load_bridges() {
  return each("SELECT id, name, kind, account, settings, is_on, made_ms FROM bridges" +
                  where("bridges", "name") + " ORDER BY id",
              [this](const RowView& row) -> Status {
                Bridge bridge{.number = row.integer(0),
                              .name = std::string(row.bytes(1)),
                              .kind = std::string(row.bytes(2)),
                              .account = AccountId{row.integer(3)},
                              .settings = {},
                              .is_on = row.integer(5) != 0,
                              .made_ms = row.integer(6)};
                Status opened = open(bridge_place(bridge.name), row.bytes(4), bridge.settings);
                if (opened) draft_.put(std::move(bridge));
                return opened;
              });
}

}  // namespace gridloom::registry
