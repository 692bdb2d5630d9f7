#include "postgres/transaction.h"

#include <fmt/format.h>

namespace gridloom::postgres {

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  GL_TRY(connection.run(
      kind == Kind::kWriting ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr || outcome_ != Outcome::kOpen || !connection_->is_alive()) return;
  (void)connection_->run("ROLLBACK");
}

Status Transaction::commit() {
  outcome_ = Outcome::kRolledBack;
  if (!connection_->is_alive()) return connection_->run("COMMIT");  // fails with the reason
  // The server would answer COMMIT without an error, and roll back.
  if (connection_->has_failed_transaction()) {
    GL_TRY(connection_->run("ROLLBACK"));
    return fail(ErrorCode::kInternal, "a statement of the transaction failed before its COMMIT");
  }
  const Status committed = connection_->run("COMMIT");
  if (committed) {
    outcome_ = Outcome::kCommitted;
    return {};
  }
  if (connection_->last_failure() != Failure::kAway) return committed;
  outcome_ = Outcome::kUnknown;
  return fail(committed.error().code,
              fmt::format("it is not known whether the change was made, as its COMMIT was not "
                          "answered: {}",
                          committed.error().detail));
}

}  // namespace gridloom::postgres
