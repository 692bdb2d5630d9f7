// Much to write, in transactions of about a megabyte each: the synchronisation of a larger one
// holds up those of other files on the same disk.
//
// A kill may leave some of them committed and others not: whoever writes so can tell, and writes
// again what may be missing.
#pragma once

#include <cstddef>
#include <optional>

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::registry {

class StepwiseTransaction {
 public:
  static constexpr std::size_t kStepBytes = std::size_t{1024} * 1024;

  [[nodiscard]] static Result<StepwiseTransaction> begin(Database& database);

  // So many bytes were written since the last time: commits if that makes a step.
  [[nodiscard]] Status wrote(std::size_t bytes);
  // The last step; what is not committed when this object goes is rolled back.
  [[nodiscard]] Status commit();

 private:
  explicit StepwiseTransaction(Database& database) : database_(&database) {}
  [[nodiscard]] Status begin_step();

  Database* database_;
  std::optional<Transaction> step_;
  std::size_t step_bytes_ = 0;
};

}  // namespace gridloom::registry
