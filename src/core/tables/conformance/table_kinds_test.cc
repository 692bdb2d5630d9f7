// The kinds of databases with described tables that need no other program.
#include <memory>
#include <vector>

#include "tables/conformance/test_databases.h"

namespace gridloom::tables {

std::vector<DatabaseKind> database_kinds() {
  return {{"Sqlite", [] -> std::unique_ptr<TestDatabaseOfTables> {
             return std::make_unique<TablesInSqlite>();
           }}};
}

}  // namespace gridloom::tables
