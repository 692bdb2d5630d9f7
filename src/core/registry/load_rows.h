// Reads the registry's tables into a directory, from whichever database has them: all have tables
// of the same names and columns.
//
// `Rows` has each_row(sql, on_row) of storage::Database's form, whose row has integer(column) and
// bytes(column); NULL reads as 0 or as no bytes. Where there is a table `changed_rows`, only what
// it names can be read.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/directory_draft.h"
#include "registry/revision.h"
#include "registry/seal.h"

namespace gridloom::registry {

template <typename Rows>
class RowLoader {
 public:
  RowLoader(Rows& rows, const Sealer& sealer, DirectoryDraft& draft)
      : rows_(rows), sealer_(sealer), draft_(draft) {}

  // kMalformed: a secret cannot be opened.
  [[nodiscard]] Status load() {
    GL_TRY(load_accounts());
    GL_TRY(load_keys());
    GL_TRY(load_tokens());
    GL_TRY(load_sessions());
    GL_TRY(load_devices());
    return load_bridges();
  }

  // Loads the changes since the one whose number the setting gridloom.since has, into a draft of
  // the state before. Devices come first, so that no account that has ended owns one; and what has
  // ended goes before what took its name.
  [[nodiscard]] Status load_changes() {
    only_changes_ = true;
    std::set<std::string, std::less<>> kinds;
    Status done = rows_.each_row("SELECT DISTINCT kind FROM changed_rows WHERE n > " + since(),
                                 [&kinds](const auto& row) -> Status {
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

 private:
  // The text of a statement is always the same: a server keeps what it has prepared.
  static std::string since() { return "CAST(current_setting('gridloom.since') AS bigint)"; }
  // As a part of statements: the rows of `changed_rows` that are of a kind.
  [[nodiscard]] static std::string changed(std::string_view kind) {
    return fmt::format("FROM changed_rows WHERE kind = '{}' AND n > {}", kind, since());
  }
  // The condition for what is read of a kind: all, or what has changed.
  [[nodiscard]] std::string where(std::string_view kind, std::string_view column,
                                  std::string_view key = "key") const {
    if (!only_changes_) return {};
    return fmt::format(" WHERE {} IN (SELECT {} {})", column, key, changed(kind));
  }
  // The same for what belongs to devices.
  [[nodiscard]] std::string where_device() const {
    const std::string of = where("devices", "sn");
    return of.empty() ? of : fmt::format(" WHERE device IN (SELECT id FROM devices{})", of);
  }

  // Removes the rows that were changed and do not exist any more.
  [[nodiscard]] Status erase(std::string_view kind, std::string_view column,
                             void (DirectoryDraft::*erase)(std::string_view)) {
    return rows_.each_row(
        fmt::format("SELECT key {} AND NOT EXISTS (SELECT 1 FROM {} WHERE {} = key)", changed(kind),
                    kind, column),
        [this, erase](const auto& row) -> Status {
          (draft_.*erase)(row.bytes(0));
          return {};
        });
  }
  [[nodiscard]] Status erase_accounts() {
    return rows_.each_row(fmt::format("SELECT CAST(key AS bigint) {} AND NOT EXISTS "
                                      "(SELECT 1 FROM accounts WHERE id = CAST(key AS bigint))",
                                      changed("accounts")),
                          [this](const auto& row) -> Status {
                            draft_.erase_account(AccountId{row.integer(0)});
                            return {};
                          });
  }

  [[nodiscard]] Status open(std::string_view place, std::string_view sealed, Secret& into) const {
    GL_TRY(Secret opened, sealer_.open({.place = place, .sealed = sealed}));
    into = std::move(opened);
    return {};
  }

  [[nodiscard]] Status load_accounts() {
    return rows_.each_row(
        "SELECT id, name, certificate_account, certificate_password, gateway_key, "
        "certificate_generation, gateway_generation, hash "
        "FROM accounts LEFT JOIN passwords ON account = id" +
            where("accounts", "id", "CAST(key AS bigint)") + " ORDER BY id",
        [this](const auto& row) -> Status {
          Account account{.id = AccountId{row.integer(0)},
                          .name = std::string(row.bytes(1)),
                          .certificate_account = std::string(row.bytes(2)),
                          .certificate_password = {},
                          .gateway_key = {},
                          .certificate_generation = row.integer(5),
                          .gateway_generation = row.integer(6)};
          const std::string& whose = account.certificate_account;
          Status opened =
              open(certificate_place(whose), row.bytes(3), account.certificate_password);
          if (opened) opened = open(gateway_place(whose), row.bytes(4), account.gateway_key);
          if (opened && !row.bytes(7).empty()) {
            opened = open(password_place(whose), row.bytes(7), account.password_hash);
          }
          if (opened) draft_.put(std::move(account));
          return opened;
        });
  }

  [[nodiscard]] Status load_keys() {
    return rows_.each_row("SELECT access_key, secret_key, account FROM access_keys" +
                              where("access_keys", "access_key") + " ORDER BY id",
                          [this](const auto& row) -> Status {
                            AccessKey key{.access_key = std::string(row.bytes(0)),
                                          .secret_key = {},
                                          .account = AccountId{row.integer(2)}};
                            Status opened = open(secret_key_place(key.access_key), row.bytes(1),
                                                 key.secret_key);
                            if (opened) draft_.put(std::move(key));
                            return opened;
                          });
  }

  [[nodiscard]] Status load_tokens() {
    return rows_.each_row(
        "SELECT id, hash, name, account, scope, made_ms, expires_ms, sn "
        "FROM tokens LEFT JOIN token_devices ON token = id" +
            where("tokens", "hash") + " ORDER BY id",
        [this](const auto& row) -> Status {
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

  [[nodiscard]] Status load_sessions() {
    return rows_.each_row(
        "SELECT id, hash, account, signed_in_by, client, made_ms, used_ms FROM browser_sessions" +
            where("browser_sessions", "hash") + " ORDER BY id",
        [this](const auto& row) -> Status {
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

  [[nodiscard]] Status load_devices() {
    std::map<std::int64_t, std::vector<Share>> shares;
    Status read = rows_.each_row(
        "SELECT device, account, rights FROM shares" + where_device() + " ORDER BY account",
        [&shares](const auto& row) -> Status {
          shares[row.integer(0)].push_back({.account = AccountId{row.integer(1)},
                                            .rights = static_cast<Rights>(row.integer(2))});
          return {};
        });
    if (!read) return read;
    return rows_.each_row("SELECT id, sn, name, owner, device_key, key_generation FROM devices" +
                              where("devices", "sn") + " ORDER BY id",
                          [this, &shares](const auto& row) -> Status {
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

  [[nodiscard]] Status load_bridges() {
    return rows_.each_row("SELECT id, name, kind, account, settings, is_on, made_ms FROM bridges" +
                              where("bridges", "name") + " ORDER BY id",
                          [this](const auto& row) -> Status {
                            Bridge bridge{.number = row.integer(0),
                                          .name = std::string(row.bytes(1)),
                                          .kind = std::string(row.bytes(2)),
                                          .account = AccountId{row.integer(3)},
                                          .settings = {},
                                          .is_on = row.integer(5) != 0,
                                          .made_ms = row.integer(6)};
                            Status opened =
                                open(bridge_place(bridge.name), row.bytes(4), bridge.settings);
                            if (opened) draft_.put(std::move(bridge));
                            return opened;
                          });
  }

  Rows& rows_;
  const Sealer& sealer_;
  DirectoryDraft& draft_;
  bool only_changes_ = false;  // load_changes()
};

template <typename Rows>
[[nodiscard]] Result<Revision> read_revision_of(Rows& rows) {
  Revision revision;
  GL_TRY(rows.each_row(
      "SELECT registry, number FROM revision", [&revision](const auto& row) -> Status {
        revision = {.registry = std::string(row.bytes(0)), .number = row.integer(1)};
        return {};
      }));
  return revision;
}

// A column `id` of removed_devices, ascending.
template <typename Rows>
[[nodiscard]] Result<std::vector<std::int64_t>> read_removed_devices(Rows& rows) {
  std::vector<std::int64_t> numbers;
  GL_TRY(rows.each_row("SELECT id FROM removed_devices ORDER BY id",
                       [&numbers](const auto& row) -> Status {
                         numbers.push_back(row.integer(0));
                         return {};
                       }));
  return numbers;
}

}  // namespace gridloom::registry
