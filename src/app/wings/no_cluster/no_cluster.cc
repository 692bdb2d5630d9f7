// In place of app/wings/with_cluster, in a build without the wing src/cluster: the portable program
// is one, because neither libpq nor libnats can be linked into it.
#include "app/cluster_node.h"
#include "app/command_line/without.h"
#include "app/data_folder/stores.h"

namespace gridloom::app {

Result<std::unique_ptr<ClusterNode>> open_cluster_node(const ServeOptions& options,
                                                       const ClusterNodeParts& /*parts*/) {
  return std::unexpected(check_cluster(options).error());
}

Status check_cluster(const ServeOptions& /*options*/) { return without("NATS"); }

Status check_database(const server::DatabaseChoice& /*choice*/) { return without("PostgreSQL"); }

Result<std::unique_ptr<server::Stores>> open_stores(
    const std::filesystem::path& folder, const std::optional<server::DatabaseChoice>& asked,
    const Clock& /*clock*/) {
  GL_TRY(const auto place, server::database_of(folder));
  if (asked || place) return without("PostgreSQL");
  return server::folder_stores(folder);
}

Result<DatabaseCheck> check_database(const std::filesystem::path& /*folder*/,
                                     const server::DatabasePlace& /*place*/) {
  return without("PostgreSQL");
}

Result<Migration> migrate(const MigrationOptions& /*options*/) { return without("PostgreSQL"); }

}  // namespace gridloom::app
