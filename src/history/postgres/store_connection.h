// The connection of one store to its database: made when it is first needed, and made again when it
// is needed after it was lost.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/rows.h"
#include "postgres/transaction.h"

namespace gridloom::history {

class StoreConnection {
 public:
  explicit StoreConnection(std::shared_ptr<postgres::Pool> pool) : pool_(std::move(pool)) {}

  // Valid until the next call. Within a transaction that begin() began, the connection of that,
  // also if it is lost: then each statement fails. kIo: the database is away.
  [[nodiscard]] Result<postgres::Connection*> get();

  template <typename... Values>
  [[nodiscard]] Result<postgres::Rows> query(std::string_view sql, const Values&... values) {
    const auto connection = get();
    if (!connection) return std::unexpected(connection.error());
    return (*connection)->query(sql, values...);
  }

  // A transaction that lasts until end() or commit(). Not to be nested.
  [[nodiscard]] Status begin(postgres::Transaction::Kind kind);
  [[nodiscard]] Status commit();  // fails as postgres::Transaction does
  // Whether the last commit() that failed may have been carried out.
  [[nodiscard]] bool is_unknown() const { return is_unknown_; }
  void end() { transaction_.reset(); }
  [[nodiscard]] bool is_in_transaction() const { return transaction_.has_value(); }

 private:
  std::shared_ptr<postgres::Pool> pool_;  // outlives the lease
  std::optional<postgres::Pool::Lease> lease_;
  std::optional<postgres::Transaction> transaction_;
  bool is_unknown_ = false;
};

}  // namespace gridloom::history
