#include "registry/sqlite/load.h"

#include "registry/load_rows.h"
#include "registry/sqlite/migrations.h"
#include "registry/sqlite/table_sums.h"

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

}  // namespace gridloom::registry
