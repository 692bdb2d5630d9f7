// For tests: a registry in PostgreSQL.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "database/registry/store.h"
#include "postgres/settings.h"
#include "postgres/test_server.h"
#include "registry/store_conformance/test_stores.h"
#include "testing/must.h"

namespace gridloom::registry {

class InPostgres final : public StoredRegistry {
 public:
  std::unique_ptr<Store> connect() override {
    return must(open_postgres_store(
                    {.settings = settings_, .data_folder = data_folder(), .clock = clock_}))
        .store;
  }

  std::string content() override {
    postgres::Connection connection = database_.connect();
    must(connection.run("SET bytea_output = escape"));
    const postgres::Rows tables = must(connection.query(
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema()"));
    std::string all;
    for (const postgres::Row table : tables) {
      const postgres::Rows rows =
          must(connection.query(fmt::format("SELECT CAST(t AS text) FROM {} t", table.bytes(0))));
      for (const postgres::Row row : rows) all.append(row.bytes(0)).push_back('\n');
    }
    return all;
  }
  [[nodiscard]] const postgres::TestDatabase& database() const { return database_; }

 private:
  SystemClock clock_;
  postgres::TestDatabase database_;
  postgres::ConnectionSettings settings_ = database_.settings();
};

}  // namespace gridloom::registry
