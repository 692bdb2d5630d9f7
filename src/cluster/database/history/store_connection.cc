#include "database/history/store_connection.h"

#include <string>

namespace gridloom::history {
namespace {

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

Result<postgres::Connection*> StoreConnection::connect() {
  if (lease_ && (*lease_)->is_usable()) return &**lease_;
  lease_.reset();
  GL_TRY(auto lease, pool_->acquire());
  GL_TRY(lease->run(kSettings));
  lease_.emplace(std::move(lease));
  return &**lease_;
}

}  // namespace gridloom::history
