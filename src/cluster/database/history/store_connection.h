// The connection of one store to its database: made when it is first needed, and made again when it
// is needed after it was lost. In a cluster the fence of the slot's owner is the first statement of
// each of its transactions that write.
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
#include "ownership/postgres/fence.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"
#include "postgres/pool.h"
#include "postgres/rows.h"

namespace gridloom::history {

class StoreConnection {
 public:
  // `fence`: null unless the store is a slot's.
  explicit StoreConnection(std::shared_ptr<postgres::Pool> pool,
                           std::shared_ptr<const cluster::OwnerFence> fence = nullptr)
      : pool_(std::move(pool)), fence_(std::move(fence)) {}

  // Valid until the next call. Within a transaction that begin() began, the connection of that,
  // also if it is lost: then each statement fails. kIo: the database is away.
  [[nodiscard]] Result<postgres::Connection*> get();

  template <typename... Values>
  [[nodiscard]] Result<postgres::Rows> query(std::string_view sql, const Values&... values) {
    GL_TRY(const auto connection, get());
    if (reading_ != Reading::kAsked) return connection->query(sql, values...);
    GL_TRY(auto rows,
           query_all([&](postgres::Pipeline& pipeline) { pipeline.add(sql, values...); }));
    return std::move(rows.back());
  }
  // The statements that `add` adds, in one round trip.
  template <typename Add>
  [[nodiscard]] Result<std::vector<postgres::Rows>> query_all(const Add& add) {
    GL_TRY(auto pipeline, begin_pipeline());
    const bool begins = pipeline.size() != 0;
    add(pipeline);
    auto rows = pipeline.run();
    if (rows && begins) rows->erase(rows->begin());
    return rows;
  }
  // Calls `on_row` with each row while the server sends the others; see postgres::Pipeline::run().
  template <typename... Values>
  [[nodiscard]] Status each_row(std::string_view sql, const postgres::Pipeline::OnRow& on_row,
                                const Values&... values) {
    GL_TRY(auto pipeline, begin_pipeline());
    pipeline.add(sql, values...);
    return pipeline.run(on_row);
  }

  // A transaction that lasts until end() or commit(), which moves the slot's position if there is a
  // fence. Not to be nested. kConflict: the slot has another owner; nothing can be written any
  // more.
  [[nodiscard]] Status begin(const cluster::Fence::Move& move = {});
  // Within the transaction of begin().
  [[nodiscard]] Status move(const cluster::Fence::Move& move);
  [[nodiscard]] const cluster::OwnerFence* fence() const { return fence_.get(); }
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

  // Has the BEGIN of a transaction that was asked for.
  [[nodiscard]] Result<postgres::Pipeline> begin_pipeline();

  std::shared_ptr<postgres::Pool> pool_;  // outlives the lease
  std::shared_ptr<const cluster::OwnerFence> fence_;
  std::optional<postgres::Pool::Lease> lease_;
  std::optional<postgres::Transaction> transaction_;
  Reading reading_ = Reading::kNone;
  bool is_unknown_ = false;
};

}  // namespace gridloom::history
