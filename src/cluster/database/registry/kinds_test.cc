// The suites of registry stores (registry/store_conformance), for the one in PostgreSQL.
#include <memory>
#include <string_view>
#include <vector>

#include "database/registry/test_in_postgres.h"

namespace gridloom::registry {

std::vector<StoreKind> store_kinds() {
  return {{"Postgres",
           [] -> std::unique_ptr<StoredRegistry> { return std::make_unique<InPostgres>(); }, true,
           [] -> std::string_view {
             return postgres::TestServer::programs().empty() ? postgres::TestServer::kMissing : "";
           }}};
}

}  // namespace gridloom::registry
