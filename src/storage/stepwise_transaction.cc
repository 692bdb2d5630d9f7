#include "storage/stepwise_transaction.h"

#include <utility>

namespace gridloom::storage {

Result<StepwiseTransaction> StepwiseTransaction::begin(Database& database) {
  StepwiseTransaction all(database);
  if (const Status begun = all.begin_step(); !begun) return std::unexpected(begun.error());
  return all;
}

Status StepwiseTransaction::begin_step() {
  auto step = Transaction::begin(*database_);
  if (!step) return std::unexpected(step.error());
  step_.emplace(std::move(*step));
  step_bytes_ = 0;
  return {};
}

Status StepwiseTransaction::wrote(std::size_t bytes) {
  step_bytes_ += bytes;
  if (step_bytes_ < kStepBytes) return {};
  if (Status done = commit(); !done) return done;
  return begin_step();
}

Status StepwiseTransaction::commit() {
  Status done = step_->commit();
  step_.reset();
  return done;
}

}  // namespace gridloom::storage
