#include "database/registry/transaction.h"

#include <string>
#include <utility>
#include <vector>

#include "database/registry/store.h"
#include "postgres/pipeline.h"
#include "registry/load_rows.h"

namespace gridloom::registry {

using postgres::Rows;

Status PostgresTransaction::commit() {
  if (!rows().has_changes()) return transaction_.commit();
  GL_TRY(rows().store_numbers());
  GL_TRY(const std::int64_t change, announce());
  const std::int64_t before = change - 1;
  GL_TRY(transaction_.commit());
  // A change of another process that nobody has asked for yet stays to be noticed.
  std::int64_t seen = before;
  seen_change_.compare_exchange_strong(seen, change);
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
  pipeline.add("DELETE FROM changed_rows WHERE n < (SELECT min(n) FROM changes)");
  pipeline.add("SELECT pg_notify($1, CAST($2 AS text))", channel_of(connection_.schema()), *change);
  GL_TRY(pipeline.run());
  return change;
}

Result<bool> PostgresTransaction::changed_elsewhere() {
  GL_TRY(const std::int64_t change, connection_.integer("SELECT change FROM revision"));
  seen_before_ = seen_change_.exchange(change);
  return seen_before_ != change;
}

Status PostgresTransaction::load(DirectoryDraft& draft) {
  const RowsOf rows(connection_);
  Status done = RowLoader(rows, sealer(), draft).load();
  if (!done) seen_change_ = -1;  // the caller has not seen it, and loads again
  return done;
}

Result<bool> PostgresTransaction::load_changes(DirectoryDraft& draft) {
  Result<bool> known = knows_changes_since(seen_before_);
  if (!known || !*known) return known;
  const Result<Rows> set = connection_.query(
      "SELECT set_config('gridloom.since', CAST($1 AS text), true)", seen_before_);
  const RowsOf rows(connection_);
  Status done =
      set ? RowLoader(rows, sealer(), draft).load_changes() : Status(std::unexpected(set.error()));
  if (done) return true;
  seen_change_ = -1;
  return std::unexpected(done.error());
}

// -1: nothing was loaded. And a number above all that there are is of a database that was set back.
Result<bool> PostgresTransaction::knows_changes_since(std::int64_t change) {
  if (change < 0) return false;
  GL_TRY(const std::int64_t known,
         connection_.integer("SELECT CAST(count(*) AS bigint) FROM revision WHERE change > $1 AND "
                             "(SELECT min(n) FROM changes) <= $1 + 1",
                             change));
  return known != 0;
}

Result<std::int64_t> PostgresTransaction::insert(const Token& token) {
  // One statement, so that a token of a device never opens all of them.
  return rows().insert_by(
      "tokens",
      "WITH made AS (INSERT INTO tokens (id, hash, name, account, scope, made_ms, expires_ms) "
      "VALUES ($1, $2, $3, NULLIF($4, 0), $5, $6, $7) RETURNING id) "
      "INSERT INTO token_devices (token, sn) SELECT id, $8 FROM made WHERE $8 <> ''",
      token.hash, token.name, number_of(token.account), number_of(token.scope), token.made_ms,
      token.expires_ms, token.device);
}

Status PostgresTransaction::remove(const Device& device) {
  return rows().change(
      "WITH removed AS (DELETE FROM devices WHERE id = $1) "
      "INSERT INTO removed_devices (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
      device.number);
}

Result<Revision> PostgresTransaction::count_revision() {
  GL_TRY(rows().change("UPDATE revision SET number = number + 1"));
  const RowsOf rows(connection_);
  return read_revision_of(rows);
}

Result<Revision> PostgresTransaction::restart_revisions() {
  GL_TRY(
      rows().change("UPDATE revision SET number = 0, "
                    "registry = replace(CAST(gen_random_uuid() AS text), '-', '')"));
  const RowsOf rows(connection_);
  return read_revision_of(rows);
}

using postgres::Rows;

Status PostgresRowWriter::change_with(std::string_view sql, postgres::Values values) {
  postgres::Pipeline pipeline(connection_);
  pipeline.add("SAVEPOINT change");
  pipeline.add_values(sql, std::move(values));
  pipeline.add("RELEASE SAVEPOINT change");
  const Result<std::vector<Rows>> done = pipeline.run();
  if (done) {
    has_changes_ = true;
    return {};
  }
  if (connection_.is_alive()) {
    GL_TRY(connection_.run("ROLLBACK TO SAVEPOINT change"));
  }
  return std::unexpected(done.error());
}

Result<std::int64_t> PostgresRowWriter::highest_of(std::string_view table) {
  if (const auto found = numbers_.find(table); found != numbers_.end()) return found->second;
  return connection_.integer("SELECT highest FROM numbers WHERE name = $1", table);
}

Status PostgresRowWriter::store_numbers() {
  if (numbers_.empty()) return {};
  postgres::Pipeline pipeline(connection_);
  for (const auto& [table, highest] : numbers_) {
    pipeline.add("UPDATE numbers SET highest = $2 WHERE name = $1", table, highest);
  }
  const Result<std::vector<Rows>> done = pipeline.run();
  return done ? Status() : std::unexpected(done.error());
}

Status PostgresRowWriter::reserve(std::string_view table, std::int64_t highest) {
  GL_TRY(const std::int64_t present, highest_of(table));
  if (highest <= present) return {};
  numbers_[std::string(table)] = highest;
  has_changes_ = true;
  return {};
}

}  // namespace gridloom::registry
