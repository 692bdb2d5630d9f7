// SQL and sealing. Files: registry.sqlite (with SQLite's -wal and -shm beside it) and secret.key;
// the key is created before the database, so a database without a key has lost its key.
#include "registry/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "registry/migrations.h"
#include "registry/table_sums.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using storage::Blob;
using storage::Database;
using storage::FileDescriptor;
using storage::lock_folder;
using storage::make_data_folder;
using storage::make_private;
using storage::Statement;

constexpr std::string_view kSealCheckPlace = "seal_check";
constexpr std::string_view kSealCheckText = "gridloom registry";

// The place of a secret, made of attributes that never change.
std::string place_of(std::string_view kind, std::string_view whose) {
  return fmt::format("{}/{}", kind, whose);
}
std::string certificate_place(std::string_view certificate_account) {
  return place_of("certificate_password", certificate_account);
}
std::string gateway_place(std::string_view certificate_account) {
  return place_of("gateway_key", certificate_account);
}
std::string secret_key_place(std::string_view access_key) {
  return place_of("secret_key", access_key);
}
std::string password_place(std::string_view certificate_account) {
  return place_of("password", certificate_account);
}
std::string device_place(std::string_view sn) { return place_of("device_key", sn); }

std::int64_t number_of(AccountId id) { return std::to_underlying(id); }

// Whether the folder has data that a server or a command creates after the registry.
bool has_other_data(const std::filesystem::path& data_folder) {
  return std::ranges::any_of(std::array{"history.db", "sessions.db", "log"}, [&](const char* name) {
    std::error_code error;
    return std::filesystem::exists(data_folder / name, error);
  });
}

std::unexpected<Error> lost_registry(const std::filesystem::path& data_folder) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("{0}/registry.sqlite, with all accounts and devices, is missing or empty, but "
                  "the folder has a secret.key and data of a server; restore registry.sqlite from "
                  "a backup. To start without accounts and devices and keep the history, move "
                  "{0}/secret.key to another folder",
                  data_folder.string()));
}

// Checks the indexes too: a row that is missing from an index would not be removed.
Status check_pages(Database& database) {
  const auto found = database.integrity();
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return {};
  return fail(ErrorCode::kDamaged,
              fmt::format("{} is damaged: {}", database.path(), found->front()));
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& data_folder) {
  if (Status made = make_data_folder(data_folder); !made) return std::unexpected(made.error());
  // Two first starts at once must agree on one key file.
  const Result<FileDescriptor> alone = lock_folder(data_folder);
  if (!alone) return std::unexpected(alone.error());

  const std::filesystem::path file = data_folder / "registry.sqlite";
  std::error_code absent;
  const std::uintmax_t bytes = std::filesystem::file_size(file, absent);
  const bool is_new = absent || bytes == 0;
  const bool lost =
      has_other_data(data_folder) && std::filesystem::exists(data_folder / "secret.key", absent);
  if (is_new && lost) return lost_registry(data_folder);
  Result<Sealer> sealer = Sealer::with_key_file(data_folder / "secret.key",
                                                is_new ? MissingKey::kMake : MissingKey::kRefuse);
  if (!sealer) return std::unexpected(sealer.error());

  if (Status done = make_private(file); !done) return std::unexpected(done.error());
  Result<Database> database = Database::open(file);
  if (!database) return std::unexpected(database.error());
  // SQLite finds no tables any more: the write-ahead log was lost or damaged.
  if (const auto version = schema_version(*database); version == 0 && lost) {
    return lost_registry(data_folder);
  }
  if (Status whole = check_pages(*database); !whole) return std::unexpected(whole.error());
  if (Status done = migrate(*database, migrations()); !done) return std::unexpected(done.error());
  if (Status done = keep_table_sums(*database); !done) return std::unexpected(done.error());
  Store store(std::move(*database), std::move(*sealer));
  if (Status done = store.check_seal(data_folder); !done) return std::unexpected(done.error());
  return store;
}

Status Store::check(const std::filesystem::path& data_folder, Database database) {
  Result<Sealer> sealer = Sealer::with_key_file(data_folder / "secret.key", MissingKey::kRefuse);
  if (!sealer) return std::unexpected(sealer.error());
  const std::optional<Revision> seen = last_seen(data_folder);  // read before the registry
  // Reads one consistent state, even if others commit at the same time.
  if (Status begun = database.run("BEGIN"); !begun) return begun;
  const Result<std::int64_t> version = schema_version(database);
  if (!version) return std::unexpected(version.error());
  Store store(std::move(database), std::move(*sealer));
  if (Status done = store.check_seal(data_folder); !done) return done;
  if (*version != migrations().back().version) {
    return fail(ErrorCode::kConflict, fmt::format("it has schema version {}, and this version of "
                                                  "Gridloom has {}",
                                                  *version, migrations().back().version));
  }
  DirectoryDraft draft{Directory()};
  if (Status loaded = store.load(draft); !loaded || !seen) return loaded;
  const Result<Revision> revision = store.revision();
  if (!revision) return std::unexpected(revision.error());
  const std::string setback = setback_between(*seen, *revision);
  return setback.empty() ? Status() : fail(ErrorCode::kDamaged, setback);
}

Status Store::check_seal(const std::filesystem::path& data_folder) {
  std::string sealed;
  Status read =
      database_.each_row("SELECT sealed FROM seal_check", [&sealed](const Statement& row) {
        sealed = row.bytes(0);
        return Status();
      });
  if (!read) return read;
  if (sealed.empty()) {
    sealed = sealer_.seal(kSealCheckPlace, Secret(std::string(kSealCheckText)));
    return database_.execute("INSERT INTO seal_check (one, sealed) VALUES (1, ?)", Blob{sealed});
  }
  const Result<Secret> text = sealer_.open({.place = kSealCheckPlace, .sealed = sealed});
  if (text && text->matches(kSealCheckText)) return {};
  // The database may be wrong, not the key.
  if (Status whole = check_sums(); !whole) return whole;
  return fail(ErrorCode::kMalformed,
              fmt::format("{0}/secret.key is not the key that {0}/registry.sqlite was sealed with; "
                          "restore the original key file",
                          data_folder.string()));
}

Status Store::check_sums() {
  const Result<std::int64_t> version = schema_version(database_);
  if (!version) return std::unexpected(version.error());
  if (*version != migrations().back().version) return {};  // `check` reads earlier ones too
  return check_table_sums(database_, *version);
}

Result<bool> Store::changed_elsewhere() {
  // Between two queries on one connection, only commits of other connections change data_version.
  const Result<std::int64_t> version = database_.integer("PRAGMA data_version");
  if (!version) return std::unexpected(version.error());
  return std::exchange(seen_version_, *version) != *version;
}

Status Store::load(DirectoryDraft& draft) {
  if (Status whole = check_sums(); !whole) return whole;
  if (Status done = load_accounts(draft); !done) return done;
  if (Status done = load_keys(draft); !done) return done;
  if (Status done = load_tokens(draft); !done) return done;
  if (Status done = load_sessions(draft); !done) return done;
  return load_devices(draft);
}

Status Store::load_accounts(DirectoryDraft& draft) {
  return database_.each_row(
      "SELECT id, name, certificate_account, certificate_password, gateway_key, "
      "certificate_generation, gateway_generation, hash "
      "FROM accounts LEFT JOIN passwords ON account = id ORDER BY id",
      [this, &draft](const Statement& row) -> Status {
        Account account{.id = AccountId{row.integer(0)},
                        .name = std::string(row.bytes(1)),
                        .certificate_account = std::string(row.bytes(2)),
                        .certificate_password = {},
                        .gateway_key = {},
                        .certificate_generation = row.integer(5),
                        .gateway_generation = row.integer(6)};
        Result<Secret> password = sealer_.open(
            {.place = certificate_place(account.certificate_account), .sealed = row.bytes(3)});
        if (!password) return std::unexpected(password.error());
        Result<Secret> gateway = sealer_.open(
            {.place = gateway_place(account.certificate_account), .sealed = row.bytes(4)});
        if (!gateway) return std::unexpected(gateway.error());
        account.certificate_password = std::move(*password);
        account.gateway_key = std::move(*gateway);
        if (!row.bytes(7).empty()) {
          Result<Secret> hash = sealer_.open(
              {.place = password_place(account.certificate_account), .sealed = row.bytes(7)});
          if (!hash) return std::unexpected(hash.error());
          account.password_hash = std::move(*hash);
        }
        draft.put(std::move(account));
        return {};
      });
}

Status Store::load_keys(DirectoryDraft& draft) {
  return database_.each_row(
      "SELECT access_key, secret_key, account FROM access_keys ORDER BY id",
      [this, &draft](const Statement& row) -> Status {
        AccessKey key{.access_key = std::string(row.bytes(0)),
                      .secret_key = {},
                      .account = AccountId{row.integer(2)}};
        Result<Secret> secret =
            sealer_.open({.place = secret_key_place(key.access_key), .sealed = row.bytes(1)});
        if (!secret) return std::unexpected(secret.error());
        key.secret_key = std::move(*secret);
        draft.put(std::move(key));
        return {};
      });
}

Status Store::load_tokens(DirectoryDraft& draft) {
  return database_.each_row(
      "SELECT id, hash, name, account, scope, made_ms, expires_ms FROM tokens ORDER BY id",
      [&draft](const Statement& row) -> Status {
        draft.put(Token{.number = row.integer(0),
                        .hash = std::string(row.bytes(1)),
                        .name = std::string(row.bytes(2)),
                        .account = AccountId{row.integer(3)},
                        .scope = static_cast<Scope>(row.integer(4)),
                        .made_ms = row.integer(5),
                        .expires_ms = row.integer(6)});
        return {};
      });
}

Status Store::load_sessions(DirectoryDraft& draft) {
  return database_.each_row(
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

Status Store::load_devices(DirectoryDraft& draft) {
  std::map<std::int64_t, std::vector<Share>> shares;
  Status read = database_.each_row(
      "SELECT device, account, rights FROM shares ORDER BY account",
      [&shares](const Statement& row) -> Status {
        shares[row.integer(0)].push_back(
            {.account = AccountId{row.integer(1)}, .rights = static_cast<Rights>(row.integer(2))});
        return {};
      });
  if (!read) return read;
  return database_.each_row(
      "SELECT id, sn, name, owner, device_key, key_generation FROM devices ORDER BY id",
      [this, &draft, &shares](const Statement& row) -> Status {
        Device device{.sn = std::string(row.bytes(1)),
                      .name = std::string(row.bytes(2)),
                      .owner = AccountId{row.integer(3)},
                      .key = {},
                      .number = row.integer(0),
                      .shares = {},
                      .key_generation = row.integer(5)};
        Result<Secret> key =
            sealer_.open({.place = device_place(device.sn), .sealed = row.bytes(4)});
        if (!key) return std::unexpected(key.error());
        device.key = std::move(*key);
        if (const auto of = shares.find(device.number); of != shares.end()) {
          device.shares = std::move(of->second);
        }
        draft.put(std::move(device));
        return {};
      });
}

Result<AccountId> Store::insert(const Account& account) {
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

Status Store::insert(const AccessKey& key) {
  const std::string secret = sealer_.seal(secret_key_place(key.access_key), key.secret_key);
  return database_.execute(
      "INSERT INTO access_keys (access_key, secret_key, account) VALUES (?, ?, ?)", key.access_key,
      Blob{secret}, number_of(key.account));
}

Result<std::int64_t> Store::insert(const Token& token) {
  Status done = database_.execute(
      "INSERT INTO tokens (hash, name, account, scope, made_ms, expires_ms) "
      "VALUES (?, ?, NULLIF(?, 0), ?, ?, ?)",
      token.hash, token.name, number_of(token.account),
      static_cast<std::int64_t>(std::to_underlying(token.scope)), token.made_ms, token.expires_ms);
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Result<std::int64_t> Store::insert(const BrowserSession& session) {
  Status done = database_.execute(
      "INSERT INTO browser_sessions (hash, account, signed_in_by, client, made_ms, used_ms) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      session.hash, number_of(session.account),
      static_cast<std::int64_t>(std::to_underlying(session.by)), session.client, session.made_ms,
      session.used_ms);
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Result<std::int64_t> Store::insert(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  Status done =
      database_.execute("INSERT INTO devices (sn, name, owner, device_key) VALUES (?, ?, ?, ?)",
                        device.sn, device.name, number_of(device.owner), Blob{key});
  if (!done) return std::unexpected(done.error());
  return database_.last_insert_id();
}

Status Store::update_certificate_password(const Account& account) {
  const std::string password =
      sealer_.seal(certificate_place(account.certificate_account), account.certificate_password);
  return database_.execute(
      "UPDATE accounts SET certificate_password = ?, certificate_generation = ? WHERE id = ?",
      Blob{password}, account.certificate_generation, number_of(account.id));
}

Status Store::update_gateway_key(const Account& account) {
  const std::string key =
      sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  return database_.execute(
      "UPDATE accounts SET gateway_key = ?, gateway_generation = ? WHERE id = ?", Blob{key},
      account.gateway_generation, number_of(account.id));
}

Status Store::update_password_hash(const Account& account) {
  const std::string hash =
      sealer_.seal(password_place(account.certificate_account), account.password_hash);
  return database_.execute(
      "INSERT INTO passwords (account, hash) VALUES (?, ?) "
      "ON CONFLICT (account) DO UPDATE SET hash = excluded.hash",
      number_of(account.id), Blob{hash});
}

Status Store::update_use(const BrowserSession& session) {
  return database_.execute("UPDATE browser_sessions SET used_ms = ? WHERE id = ?", session.used_ms,
                           session.number);
}

Status Store::update_key(const Device& device) {
  const std::string key = sealer_.seal(device_place(device.sn), device.key);
  return database_.execute("UPDATE devices SET device_key = ?, key_generation = ? WHERE id = ?",
                           Blob{key}, device.key_generation, device.number);
}

Status Store::update_name_and_owner(const Device& device) {
  return database_.execute("UPDATE devices SET name = ?, owner = ? WHERE id = ?", device.name,
                           number_of(device.owner), device.number);
}

Status Store::update_share(const Device& device, const Share& share) {
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

Status Store::remove_shares(const Device& device) {
  return database_.execute("DELETE FROM shares WHERE device = ?", device.number);
}

Status Store::remove(const Account& account) {
  return database_.execute("DELETE FROM accounts WHERE id = ?", number_of(account.id));
}

Status Store::remove(const AccessKey& key) {
  return database_.execute("DELETE FROM access_keys WHERE access_key = ?", key.access_key);
}

Status Store::remove(const Token& token) {
  return database_.execute("DELETE FROM tokens WHERE id = ?", token.number);
}

Status Store::remove(const BrowserSession& session) {
  return database_.execute("DELETE FROM browser_sessions WHERE id = ?", session.number);
}

Status Store::remove(const Device& device) {
  if (Status noted = add_removed(device.number); !noted) return noted;
  return database_.execute("DELETE FROM devices WHERE id = ?", device.number);
}

Status Store::add_removed(std::int64_t device_number) {
  return database_.execute("INSERT OR IGNORE INTO removed_devices (id) VALUES (?)", device_number);
}

Result<std::vector<std::int64_t>> Store::removed_devices() {
  std::vector<std::int64_t> numbers;
  const Status read = database_.each_row("SELECT id FROM removed_devices ORDER BY id",
                                         [&numbers](const Statement& row) {
                                           numbers.push_back(row.integer(0));
                                           return Status();
                                         });
  if (!read) return std::unexpected(read.error());
  return numbers;
}

Result<std::int64_t> Store::highest_device_number() {
  return database_.integer(
      "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'devices'");
}

Status Store::reserve_device_numbers(std::int64_t highest) {
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

Status Store::count_revision() {
  return database_.execute("UPDATE revision SET number = number + 1");
}

Status Store::restart_revisions() {
  return database_.execute("UPDATE revision SET registry = lower(hex(randomblob(16))), number = 0");
}

Result<Revision> Store::revision() {
  Revision revision;
  const Status read = database_.each_row(
      "SELECT registry, number FROM revision", [&revision](const Statement& row) {
        revision = {.registry = std::string(row.bytes(0)), .number = row.integer(1)};
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return revision;
}

}  // namespace gridloom::registry
