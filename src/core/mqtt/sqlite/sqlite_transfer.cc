#include "mqtt/sqlite/sqlite_transfer.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <vector>

#include "mqtt/sqlite/session_tables.h"
#include "mqtt/transfer_tables.h"

namespace gridloom::mqtt {
namespace {

using storage::Database;
using transfer::number_in;
using transfer::Row;
using transfer::SqliteColumn;
using transfer::SqliteTable;
using transfer::SqliteTables;
using transfer::SqliteType;

SqliteColumn text(std::string_view name) { return {.name = name, .type = SqliteType::kText}; }
SqliteColumn blob(std::string_view name) { return {.name = name, .type = SqliteType::kBlob}; }

std::vector<SqliteTable> all_tables() {
  return {
      {.table = kSessionRows,
       .name = kSessionTable.name,
       .columns = {{.name = "number"},
                   text("user"),
                   text("client_id"),
                   {.name = "expiry_s"},
                   {.name = "parked_at"},
                   blob("subscriptions"),
                   blob("received"),
                   blob("will"),
                   {.name = "will_due"},
                   {.name = "will_expiry_s"},
                   {.name = "signed_in_as"},
                   {.name = "generation"}}},
      {.table = kMessageRows,
       .name = kMessageTable.name,
       .columns = {{.name = "session"},
                   {.name = "sequence"},
                   {.name = "stage"},
                   {.name = "packet_id"},
                   {.name = "expires_at"},
                   blob("packet")}},
      {.table = kRetainedRows,
       .name = kRetainedTable.name,
       .columns = {text("topic"), {.name = "expires_at"}, blob("packet"), {.name = "device"}}},
      {.table = kStreamRows,
       .name = kStreamTable.name,
       .columns = {{.name = "number"}, text("user"), text("client_id"), blob("receipts")}},
      {.table = kSessionState,
       .name = {},
       .columns = {{.name = "one"}, {.name = "record"}, {.name = "number"}},
       .from = "(SELECT 1 AS one, record, number FROM applied, last)"},
  };
}

const storage::SummedTable& summed(const SqliteTable& table) {
  if (table.name == kSessionTable.name) return kSessionTable;
  if (table.name == kMessageTable.name) return kMessageTable;
  if (table.name == kRetainedTable.name) return kRetainedTable;
  return kStreamTable;
}

class SessionRows final : public SqliteTables {
 public:
  explicit SessionRows(Database database)
      : SqliteTables(std::move(database), all_tables(), transfer::Places::kNone) {}

 private:
  Status put(const SqliteTable& table, const Row& row) override {
    if (table.table.name == kSessionState.name) return put_state(row);
    GL_TRY(auto statement, database().prepare(insert_into(summed(table))));
    bind(statement, table, row);
    const auto stepped = statement.step();
    return stepped ? Status() : std::unexpected(stepped.error());
  }

  Status put_state(const Row& row) {
    constexpr std::int64_t kOne = 1;
    const Status put = database().execute(insert_into(kAppliedTable), kOne, number_in(row, 1));
    return put ? database().execute(insert_into(kLastTable), kOne, number_in(row, 2)) : put;
  }
};

}  // namespace

Result<std::unique_ptr<SqliteTables>> open_sqlite_source(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "sessions.db";
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  GL_TRY(auto database, Database::open_to_read(file, Database::Writers::kMaybe));
  GL_TRY(const auto version, database.integer("PRAGMA user_version"));
  if (version != kSessionsVersion) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by another version of Gridloom: start the server of "
                            "this version once",
                            file.string()));
  }
  GL_TRY(const auto checked, check_sessions(database));
  if (!checked.damages.empty()) {
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: {}; start the server once, which leaves out what cannot be read",
                            file.string(), checked.damages.front()));
  }
  return std::make_unique<SessionRows>(std::move(database));
}

Result<std::unique_ptr<SqliteTables>> open_sqlite_target(const std::filesystem::path& folder) {
  GL_TRY(auto database, open_sessions(folder / "sessions.db"));
  return std::make_unique<SessionRows>(std::move(database));
}

}  // namespace gridloom::mqtt
