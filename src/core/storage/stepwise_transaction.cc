#include "storage/stepwise_transaction.h"

#include <utility>

namespace gridloom::storage {

Result<StepwiseTransaction> StepwiseTransaction::begin(Database& database) {
  StepwiseTransaction all(database);
  GL_TRY(all.begin_step());
  return all;
}

Status StepwiseTransaction::begin_step() {
  GL_TRY(auto step, Transaction::begin(*database_));
  step_.emplace(std::move(step));
  step_bytes_ = 0;
  return {};
}

Status StepwiseTransaction::wrote(std::size_t bytes) {
  step_bytes_ += bytes;
  if (step_bytes_ < kStepBytes) return {};
  GL_TRY(commit());
  return begin_step();
}

Status StepwiseTransaction::commit() {
  Status done = step_->commit();
  step_.reset();
  return done;
}

}  // namespace gridloom::storage
