// The CPU time and memory of a process. CPU time is the total so far of all its threads, the
// kernel's work for them included: the cost of an operation is its growth over a period, divided by
// the number of operations.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace gridloom::bench {

// kNotFound: there is no such process.
[[nodiscard]] Result<double> process_time_s(pid_t process);
[[nodiscard]] double own_time_s();
// Resident memory; in 1,000,000 bytes. kNotFound.
[[nodiscard]] Result<double> resident_mb(pid_t process);

}  // namespace gridloom::bench
