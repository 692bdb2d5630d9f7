#include "registry/sqlite/transaction.h"

#include <expected>
#include <utility>

#include "registry/sqlite/load.h"
#include "storage/wal.h"

namespace gridloom::registry {

Status SqliteTransaction::commit() {
  GL_TRY(transaction_.commit());
  storage::empty_wal(database_);
  return {};
}

Result<bool> SqliteTransaction::changed_elsewhere() {
  // Between two queries on one connection, only commits of other connections change data_version.
  GL_TRY(const std::int64_t version, database_.integer("PRAGMA data_version"));
  return std::exchange(seen_version_, version) != version;
}

Status SqliteTransaction::load(DirectoryDraft& draft) {
  return load_registry(database_, sealer(), draft);
}

Result<std::int64_t> SqliteTransaction::insert(const Token& token) {
  Status done = rows().change(
      "INSERT INTO tokens (hash, name, account, scope, made_ms, expires_ms) "
      "VALUES ($1, $2, NULLIF($3, 0), $4, $5, $6)",
      token.hash, token.name, number_of(token.account), number_of(token.scope), token.made_ms,
      token.expires_ms);
  if (!done) return std::unexpected(done.error());
  const std::int64_t number = database_.last_insert_id();
  if (token.device.empty()) return number;
  done =
      rows().change("INSERT INTO token_devices (token, sn) VALUES ($1, $2)", number, token.device);
  if (!done) return std::unexpected(done.error());
  return number;
}

Status SqliteTransaction::remove(const Device& device) {
  GL_TRY(add_removed(device.number));
  return rows().change("DELETE FROM devices WHERE id = $1", device.number);
}

Result<Revision> SqliteTransaction::count_revision() {
  GL_TRY(rows().change("UPDATE revision SET number = number + 1"));
  return read_revision(database_);
}

Result<Revision> SqliteTransaction::restart_revisions() {
  GL_TRY(rows().change("UPDATE revision SET registry = lower(hex(randomblob(16))), number = 0"));
  return read_revision(database_);
}

Status SqliteRowWriter::reserve(std::string_view table, std::int64_t highest) {
  // SQLite creates this row at the first insert, and reads it at each insert.
  Status done = database_.execute(
      "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0 "
      "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
      table);
  if (!done) return done;
  done = database_.execute("UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = $2", highest,
                           table);
  if (!done) return done;
  return database_.execute("UPDATE table_sums SET highest = max(highest, $1) WHERE name = $2",
                           highest, table);
}

}  // namespace gridloom::registry
