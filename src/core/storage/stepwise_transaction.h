// Splits a large write into transactions of about a megabyte each: the sync of a larger one delays
// the syncs of other files on the same disk.
//
// After a crash some steps may be committed and others not: the caller must be able to detect that
// and write the missing rows again.
#pragma once

#include <cstddef>
#include <optional>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::storage {

class StepwiseTransaction {
 public:
  static constexpr std::size_t kStepBytes = std::size_t{1024} * 1024;

  [[nodiscard]] static Result<StepwiseTransaction> begin(Database& database);

  // To be called after each write of `bytes` bytes; commits when a step is full.
  [[nodiscard]] Status wrote(std::size_t bytes);
  // Commits the last step. Uncommitted writes are rolled back when this object is destroyed.
  [[nodiscard]] Status commit();

 private:
  explicit StepwiseTransaction(Database& database) : database_(&database) {}
  [[nodiscard]] Status begin_step();

  Database* database_;
  std::optional<Transaction> step_;
  std::size_t step_bytes_ = 0;
};

}  // namespace gridloom::storage
