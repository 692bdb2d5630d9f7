#include "database/registry/migrations.h"

#include <array>

namespace gridloom::registry {
namespace {

// The tables have the names and the columns that SQLite's have. `numbers` has the highest number
// that was ever given in a table, as a transaction that is rolled back gives none. A change is a
// commit of whichever process; those of the last hour are kept. Sealed: certificate_password,
// gateway_key, secret_key, device_key, passwords.hash, settings. Times are Unix times.
constexpr std::string_view kVersion1 = R"(
CREATE TABLE seal_check (
  one int PRIMARY KEY CHECK (one = 1),
  sealed bytea NOT NULL
);
CREATE TABLE numbers (
  name text PRIMARY KEY,
  highest bigint NOT NULL
);
INSERT INTO numbers VALUES
  ('accounts', 0), ('access_keys', 0), ('tokens', 0), ('browser_sessions', 0), ('devices', 0),
  ('bridges', 0);
CREATE TABLE revision (
  one int PRIMARY KEY CHECK (one = 1),
  registry text NOT NULL,
  number bigint NOT NULL,
  change bigint NOT NULL
);
INSERT INTO revision VALUES (1, replace(CAST(gen_random_uuid() AS text), '-', ''), 0, 0);
CREATE TABLE changes (
  n bigint PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  program text NOT NULL
);
CREATE INDEX changes_by_time ON changes (at);
CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  name text NOT NULL UNIQUE,
  certificate_account text NOT NULL UNIQUE,
  certificate_password bytea NOT NULL,
  gateway_key bytea NOT NULL,
  certificate_generation bigint NOT NULL DEFAULT 1,
  gateway_generation bigint NOT NULL DEFAULT 1
);
CREATE TABLE passwords (
  account bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
  hash bytea NOT NULL
);
CREATE TABLE access_keys (
  id bigint PRIMARY KEY,
  access_key text NOT NULL UNIQUE,
  secret_key bytea NOT NULL,
  account bigint NOT NULL REFERENCES accounts ON DELETE CASCADE
);
CREATE INDEX access_keys_by_account ON access_keys (account);
CREATE TABLE tokens (
  id bigint PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  name text NOT NULL,
  account bigint REFERENCES accounts ON DELETE CASCADE,
  scope smallint NOT NULL,
  made_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  CHECK ((account IS NULL) = (scope = 3))
);
CREATE INDEX tokens_by_account ON tokens (account);
CREATE TABLE token_devices (
  token bigint PRIMARY KEY REFERENCES tokens ON DELETE CASCADE,
  sn text NOT NULL
);
CREATE TABLE browser_sessions (
  id bigint PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  account bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  signed_in_by smallint NOT NULL,
  client text NOT NULL,
  made_ms bigint NOT NULL,
  used_ms bigint NOT NULL
);
CREATE INDEX browser_sessions_by_account ON browser_sessions (account);
CREATE TABLE devices (
  id bigint PRIMARY KEY,
  sn text NOT NULL UNIQUE,
  name text NOT NULL,
  owner bigint NOT NULL REFERENCES accounts ON DELETE RESTRICT,
  device_key bytea NOT NULL,
  key_generation bigint NOT NULL DEFAULT 1
);
CREATE INDEX devices_by_owner ON devices (owner);
CREATE TABLE shares (
  device bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
  account bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  rights smallint NOT NULL CHECK (rights IN (1, 2)),
  PRIMARY KEY (device, account)
);
CREATE INDEX shares_by_account ON shares (account);
CREATE TABLE removed_devices (id bigint PRIMARY KEY);
CREATE TABLE bridges (
  id bigint PRIMARY KEY,
  name text NOT NULL UNIQUE,
  kind text NOT NULL,
  account bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  settings bytea NOT NULL,
  is_on boolean NOT NULL,
  made_ms bigint NOT NULL
);
CREATE INDEX bridges_by_account ON bridges (account);
)";

// `registry` changes when the registry was set back, `database` does not: data folders know it.
constexpr std::string_view kVersion2 = R"(
ALTER TABLE revision ADD COLUMN database text;
UPDATE revision SET database = registry;
)";

// The rows that each change has changed, for as long as the change is in `changes`: a reader that
// has the state of before reads these alone. Noted by triggers, so that a program of an earlier
// version, a cascade and an administrator's statement are as well. A row of a table that belongs to
// another one counts as one of that. The number is that of the change that is being made; see
// PostgresTransaction.
constexpr std::string_view kVersion3 = R"(
CREATE TABLE changed_rows (
  n bigint NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  PRIMARY KEY (n, kind, key)
);
CREATE FUNCTION note_changed_row() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
$$BEGIN
  INSERT INTO changed_rows
  SELECT change + 1, TG_ARGV[0], to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[1]
  FROM revision ON CONFLICT DO NOTHING;
  RETURN NULL;
END$$;
CREATE FUNCTION note_changed_share() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
$$BEGIN
  INSERT INTO changed_rows
  SELECT change + 1, 'devices', sn FROM revision, devices
  WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.device ELSE NEW.device END ON CONFLICT DO NOTHING;
  RETURN NULL;
END$$;
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON accounts
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('accounts', 'id');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON passwords
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('accounts', 'account');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON access_keys
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('access_keys', 'access_key');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON tokens
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('tokens', 'hash');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON browser_sessions
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('browser_sessions', 'hash');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON devices
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('devices', 'sn');
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON shares
  FOR EACH ROW EXECUTE FUNCTION note_changed_share();
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON bridges
  FOR EACH ROW EXECUTE FUNCTION note_changed_row('bridges', 'name');
)";

constexpr std::array kMigrations{
    postgres::Migration{.version = 1, .usable_from = 1, .sql = kVersion1},
    postgres::Migration{.version = 2, .usable_from = 1, .sql = kVersion2},
    postgres::Migration{.version = 3, .usable_from = 1, .sql = kVersion3},
};

}  // namespace

std::span<const postgres::Migration> postgres_migrations() { return kMigrations; }

}  // namespace gridloom::registry
