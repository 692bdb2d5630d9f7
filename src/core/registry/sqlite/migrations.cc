// Stored numbers: shares.rights is 1 (monitor) or 2 (full), as in Rights; tokens.scope is 1
// (read), 2 (control), 3 (admin) or 4 (card), as in Scope; browser_sessions.signed_in_by is 1
// (link) or 2 (password), as in SignInBy. Columns of sealed secrets are BLOBs in the format that
// seal.cc describes; columns that are not sealed hold no secrets. AUTOINCREMENT ensures that an
// account's number is never reused for another account.
#include "registry/sqlite/migrations.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "registry/sqlite/table_sums.h"

namespace gridloom::registry {
namespace {

using storage::Database;

constexpr std::string_view kVersion1 = R"(
CREATE TABLE schema_version (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE seal_check (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  certificate_account TEXT NOT NULL UNIQUE,
  certificate_password BLOB NOT NULL,
  gateway_key BLOB NOT NULL
) STRICT;

CREATE TABLE access_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  access_key TEXT NOT NULL UNIQUE,
  secret_key BLOB NOT NULL,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX access_keys_by_account ON access_keys (account);

CREATE TABLE devices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sn TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  owner INTEGER NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
  device_key BLOB NOT NULL
) STRICT;
CREATE INDEX devices_by_owner ON devices (owner);

CREATE TABLE shares (
  device INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  rights INTEGER NOT NULL CHECK (rights IN (1, 2)),
  PRIMARY KEY (device, account)
) STRICT;
CREATE INDEX shares_by_account ON shares (account);
)";

// Counts how often each secret was rotated. Stored sessions have the generation they signed in
// with.
constexpr std::string_view kCredentialGenerations = R"(
ALTER TABLE accounts ADD COLUMN certificate_generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN gateway_generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE devices ADD COLUMN key_generation INTEGER NOT NULL DEFAULT 1;
)";

// removed_devices: the numbers of removed devices; their history may be purged.
// revision: counts the commits of this registry, which is identified by its random id.
// Earlier versions assigned consecutive numbers and removed a device without a trace, so an
// assigned number without a device belongs to a removed device.
constexpr std::string_view kRemovedDevices = R"(
CREATE TABLE removed_devices (
  id INTEGER PRIMARY KEY
) STRICT;
INSERT INTO removed_devices
  WITH RECURSIVE given (id) AS (
    SELECT 1 UNION ALL SELECT id + 1 FROM given
    WHERE id < (SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'devices'))
  SELECT id FROM given
  WHERE id <= (SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'devices')
    AND id NOT IN (SELECT id FROM devices);

CREATE TABLE revision (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  registry TEXT NOT NULL,
  number INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (1, lower(hex(randomblob(16))), 0);
)";

// Checksums of the tables' content: registry/sqlite/table_sums.h. A later migration checks the sums
// first and adds what it changes to them afterwards.
constexpr std::string_view kChecksums = R"(
ALTER TABLE accounts ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shares ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE removed_devices ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE seal_check ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE TABLE table_sums (
  name TEXT PRIMARY KEY,
  row_count INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  highest INTEGER NOT NULL
) STRICT;
)";

// Bearer tokens: only their hashes are stored. Times are Unix times; expires_ms 0: never.
constexpr std::string_view kTokens = R"(
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  scope INTEGER NOT NULL CHECK (scope IN (1, 2)),
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tokens_by_account ON tokens (account);
)";

// The dashboard: accounts' passwords (sealed argon2id hashes) and signed-in browsers, of whose
// cookies only the hashes are stored. Times are Unix times.
constexpr std::string_view kBrowserSessions = R"(
CREATE TABLE passwords (
  account INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  hash BLOB NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE browser_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  signed_in_by INTEGER NOT NULL CHECK (signed_in_by IN (1, 2)),
  client TEXT NOT NULL,
  made_ms INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX browser_sessions_by_account ON browser_sessions (account);
)";

// Tokens of administrators, which belong to no account. SQLite cannot change a column's constraint,
// so the rows move to a new table; numbers are not given out again.
constexpr std::string_view kAdministrators = R"(
CREATE TABLE tokens_of_7 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  account INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
  scope INTEGER NOT NULL CHECK (scope IN (1, 2, 3)),
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0,
  CHECK ((account IS NULL) = (scope = 3))
) STRICT;
INSERT INTO tokens_of_7
  SELECT id, hash, name, account, scope, made_ms, expires_ms, checksum FROM tokens;
DELETE FROM sqlite_sequence WHERE name = 'tokens_of_7';
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'tokens_of_7', seq FROM sqlite_sequence WHERE name = 'tokens';
DROP TABLE tokens;
ALTER TABLE tokens_of_7 RENAME TO tokens;
CREATE INDEX tokens_by_account ON tokens (account);
)";

// Tokens of cards, some of which are for one device each. It is named by its serial number without
// a reference: a token must not open more because its device was removed.
constexpr std::string_view kCards = R"(
CREATE TABLE tokens_of_8 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  account INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
  scope INTEGER NOT NULL CHECK (scope IN (1, 2, 3, 4)),
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0,
  CHECK ((account IS NULL) = (scope = 3))
) STRICT;
INSERT INTO tokens_of_8
  SELECT id, hash, name, account, scope, made_ms, expires_ms, checksum FROM tokens;
DELETE FROM sqlite_sequence WHERE name = 'tokens_of_8';
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'tokens_of_8', seq FROM sqlite_sequence WHERE name = 'tokens';
DROP TABLE tokens;
ALTER TABLE tokens_of_8 RENAME TO tokens;
CREATE INDEX tokens_by_account ON tokens (account);

CREATE TABLE token_devices (
  token INTEGER PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
  sn TEXT NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
)";

// Bridges. Their settings are sealed; is_on is 0 or 1. A kind is a text, because a version keeps
// the kinds of later ones.
constexpr std::string_view kBridges = R"(
CREATE TABLE bridges (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  settings BLOB NOT NULL,
  is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
  made_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX bridges_by_account ON bridges (account);
)";

constexpr std::array kMigrations{
    Migration{.version = 1, .sql = kVersion1},
    Migration{.version = 2, .sql = kCredentialGenerations},
    Migration{.version = 3, .sql = kRemovedDevices},
    Migration{
        .version = kFirstWithSums, .sql = kChecksums, .first = nullptr, .then = make_table_sums},
    Migration{.version = 5,
              .sql = kTokens,
              .first = [](Database& database) { return check_table_sums(database, 4); },
              .then = [](Database& database) { return add_table_sums(database, 5); }},
    Migration{.version = 6,
              .sql = kBrowserSessions,
              .first = [](Database& database) { return check_table_sums(database, 5); },
              .then = [](Database& database) { return add_table_sums(database, 6); }},
    Migration{.version = 7,
              .sql = kAdministrators,
              .first = [](Database& database) { return check_table_sums(database, 6); },
              .then = [](Database& database) { return add_table_sums(database, 7); }},
    Migration{.version = 8,
              .sql = kCards,
              .first = [](Database& database) { return check_table_sums(database, 7); },
              .then = [](Database& database) { return add_table_sums(database, 8); }},
    Migration{.version = 9,
              .sql = kBridges,
              .first = [](Database& database) { return check_table_sums(database, 8); },
              .then = [](Database& database) { return add_table_sums(database, 9); }},
};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<std::int64_t> schema_version(Database& database) {
  const Result<std::int64_t> tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables || *tables == 0) return tables;
  const Result<std::int64_t> ours =
      database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'");
  if (!ours) return ours;
  if (*ours == 0) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} contains the tables of another program", database.path()));
  }
  return database.integer("SELECT version FROM schema_version");
}

Status migrate(Database& database, std::span<const Migration> steps) {
  GL_TRY(storage::Transaction transaction, storage::Transaction::begin(database));
  GL_TRY(const std::int64_t found, schema_version(database));
  const std::int64_t known = steps.empty() ? 0 : steps.back().version;
  if (found > known) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} has schema version {}, and this version of Gridloom reads versions "
                            "up to {}: use a newer version",
                            database.path(), found, known));
  }
  for (const Migration& step : steps) {
    if (step.version <= found) continue;
    if (step.first != nullptr) {
      GL_TRY(step.first(database));
    }
    GL_TRY(database.run(std::string(step.sql)));
    if (step.then != nullptr) {
      GL_TRY(step.then(database));
    }
    Status noted = database.execute(
        "INSERT OR REPLACE INTO schema_version (one, version) VALUES (1, ?)", step.version);
    if (!noted) return noted;
  }
  return transaction.commit();
}

}  // namespace gridloom::registry
