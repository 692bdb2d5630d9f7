#include "registry/sqlite/load.h"

#include <string_view>
#include <system_error>

#include "registry/load_rows.h"
#include "registry/sqlite/migrations.h"
#include "registry/sqlite/table_sums.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

using storage::Database;

Status check_sums(Database& database) {
  GL_TRY(const std::int64_t version, schema_version(database));
  if (version != migrations().back().version) return {};
  return check_table_sums(database, version);
}

Status load_registry(Database& database, const Sealer& sealer, DirectoryDraft& draft) {
  GL_TRY(check_sums(database));
  return RowLoader(database, sealer, draft).load();
}

Result<Revision> read_revision(Database& database) { return read_revision_of(database); }

namespace {

constexpr std::string_view kFile = "registry.sqlite";

Status read(storage::Database& database, std::string_view sql, std::vector<std::string>& names) {
  return database.each_row(sql, [&names](const storage::Statement& row) {
    names.emplace_back(row.bytes(0));
    return Status();
  });
}

}  // namespace

Result<NameList> read_names(const std::filesystem::path& data_folder) {
  using Writers = storage::Database::Writers;
  std::error_code error;
  const bool is_in_use = std::filesystem::exists(data_folder / "registry.sqlite-wal", error);
  GL_TRY(auto database, storage::Database::open_to_read(
                            data_folder / kFile, is_in_use ? Writers::kMaybe : Writers::kNone));
  NameList names;
  GL_TRY(read(database, "SELECT sn FROM devices ORDER BY sn", names.serial_numbers));
  GL_TRY(read(database, "SELECT name FROM devices ORDER BY sn", names.device_names));
  GL_TRY(read(database, "SELECT name FROM accounts ORDER BY name", names.accounts));
  return names;
}

}  // namespace gridloom::registry
