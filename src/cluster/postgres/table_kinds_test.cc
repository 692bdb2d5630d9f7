// The suites of databases with described tables (tables/conformance), for PostgreSQL.
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "postgres/table_connection.h"
#include "postgres/test_server.h"
#include "tables/conformance/test_databases.h"

namespace gridloom::tables {
namespace {

class TablesInPostgres final : public TestDatabaseOfTables {
 public:
  Result<std::shared_ptr<TableConnection>> connect(const Schema& schema) override {
    postgres::Connection connection = database_.connect();
    GL_TRY(postgres::make_tables(connection, {.tables = schema}));
    return postgres::owned(std::move(connection));
  }

 private:
  postgres::TestDatabase database_;
};

}  // namespace

std::vector<DatabaseKind> database_kinds() {
  return {
      {"Postgres",
       [] -> std::unique_ptr<TestDatabaseOfTables> { return std::make_unique<TablesInPostgres>(); },
       [] -> std::string_view {
         return postgres::TestServer::programs().empty() ? postgres::TestServer::kMissing : "";
       }}};
}

}  // namespace gridloom::tables
