// The connection of one store to its database: made when it is first needed, and made again when it
// is needed after it was lost.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/table_connection.h"

namespace gridloom::history {

class StoreConnection final : public postgres::PostgresTableConnection {
 public:
  explicit StoreConnection(std::shared_ptr<postgres::Pool> pool) : pool_(std::move(pool)) {}
  ~StoreConnection() override { end(); }

 private:
  // kIo: the database is away.
  [[nodiscard]] Result<postgres::Connection*> connect() override;

  const std::shared_ptr<postgres::Pool> pool_;  // outlives the lease
  std::optional<postgres::Pool::Lease> lease_;
};

}  // namespace gridloom::history
