// The tables of the registry (registry/registry_tables.h) in PostgreSQL, which also notes the rows
// that each change has changed, so that other processes read these alone.
#pragma once

#include "postgres/table_connection.h"
#include "registry/registry_tables.h"

namespace gridloom::registry {

// `changes` has the commits of the last hour, by their number; `changed_rows` the rows that each of
// them has changed: a row of a table that belongs to another one counts as one of that. Rows are
// noted by triggers, so that a cascade and an administrator's statement are as well. The number is
// that of the change that is being made.
inline constexpr postgres::TableSchema kPostgresSchema{.tables = kSchema,
                                                       .besides = R"(
CREATE TABLE changes (
  n bigint PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  program text NOT NULL
);
CREATE INDEX changes_by_time ON changes (at);
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
)",
                                                       // It had the same tables.
                                                       .earlier = 3};

}  // namespace gridloom::registry
