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

class Owning final : public postgres::PostgresTableConnection {
 public:
  explicit Owning(std::unique_ptr<postgres::Connection> connection)
      : PostgresTableConnection(*connection), connection_(std::move(connection)) {}
  ~Owning() override { end(); }

 private:
  const std::unique_ptr<postgres::Connection> connection_;
};

class TablesInPostgres final : public TestDatabaseOfTables {
 public:
  Result<std::unique_ptr<TableConnection>> connect(const Schema& schema) override {
    auto connection = std::make_unique<postgres::Connection>(database_.connect());
    GL_TRY(postgres::make_tables(*connection, {.tables = schema}));
    return std::make_unique<Owning>(std::move(connection));
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
