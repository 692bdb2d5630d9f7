// The connection of one store to its database: made when it is first needed, and made again when it
// is needed after it was lost.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"
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
    if (reading_ != Reading::kAsked) return (*connection)->query(sql, values...);
    auto rows = query_all([&](postgres::Pipeline& pipeline) { pipeline.add(sql, values...); });
    if (!rows) return std::unexpected(rows.error());
    return std::move(rows->back());
  }
  // The statements that `add` adds, in one round trip.
  template <typename Add>
  [[nodiscard]] Result<std::vector<postgres::Rows>> query_all(const Add& add) {
    const auto connection = get();
    if (!connection) return std::unexpected(connection.error());
    postgres::Pipeline pipeline(**connection);
    const bool begins = reading_ == Reading::kAsked;
    if (begins) {
      pipeline.add(kBeginReading);
      reading_ = Reading::kBegun;
    }
    add(pipeline);
    auto rows = pipeline.run();
    if (rows && begins) rows->erase(rows->begin());
    return rows;
  }

  // A transaction that lasts until end() or commit(). Not to be nested.
  [[nodiscard]] Status begin();
  // The same for reading: all queries see one moment. It begins with the first query(), in the same
  // round trip.
  [[nodiscard]] Status begin_reading();
  [[nodiscard]] Status commit();  // fails as postgres::Transaction does
  // Whether the last commit() that failed may have been carried out.
  [[nodiscard]] bool is_unknown() const { return is_unknown_; }
  void end();
  [[nodiscard]] bool is_in_transaction() const {
    return transaction_.has_value() || reading_ != Reading::kNone;
  }

 private:
  enum class Reading : std::uint8_t { kNone, kAsked, kBegun };
  static constexpr std::string_view kBeginReading =
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

  std::shared_ptr<postgres::Pool> pool_;  // outlives the lease
  std::optional<postgres::Pool::Lease> lease_;
  std::optional<postgres::Transaction> transaction_;
  Reading reading_ = Reading::kNone;
  bool is_unknown_ = false;
};

}  // namespace gridloom::history
