#include "database/history/store_connection.h"

#include <string>
#include <utility>

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Transaction;

// Each statement of history reads or writes some rows that an index finds. The planner, which
// decides once for each statement, must not go by tables that were empty then. No acknowledged
// change may be lost by a crash.
const std::string kSettings =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; "
    "SET jit = off; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";

}  // namespace

Result<Connection*> StoreConnection::get() {
  if (is_in_transaction()) return &**lease_;
  if (lease_ && (*lease_)->is_usable()) return &**lease_;
  lease_.reset();
  GL_TRY(auto lease, pool_->acquire());
  GL_TRY(lease->run(kSettings));
  lease_.emplace(std::move(lease));
  return &**lease_;
}

Result<postgres::Pipeline> StoreConnection::begin_pipeline() {
  GL_TRY(const auto connection, get());
  postgres::Pipeline pipeline(*connection);
  if (reading_ == Reading::kAsked) {
    pipeline.add(kBeginReading);
    reading_ = Reading::kBegun;
  }
  return pipeline;
}

Status StoreConnection::begin(const cluster::Fence::Move& move) {
  GL_TRY(const auto connection, get());
  GL_TRY(auto transaction, Transaction::begin(*connection));
  transaction_.emplace(std::move(transaction));
  Status held = fence_ ? fence_->check_and_move(*connection, move) : Status();
  if (!held) end();
  return held;
}

Status StoreConnection::move(const cluster::Fence::Move& move) {
  return fence_ ? fence_->check_and_move(**lease_, move) : Status();
}

Status StoreConnection::begin_reading() {
  GL_TRY(get());
  reading_ = Reading::kAsked;
  return {};
}

void StoreConnection::end() {
  transaction_.reset();
  const bool has_begun = std::exchange(reading_, Reading::kNone) == Reading::kBegun;
  // Nothing was changed, so that it does not matter how it ends.
  if (has_begun) (*lease_)->post("ROLLBACK");
}

Status StoreConnection::commit() {
  Status done = transaction_->commit();
  is_unknown_ = transaction_->outcome() == Transaction::Outcome::kUnknown;
  transaction_.reset();
  return done;
}

}  // namespace gridloom::history
