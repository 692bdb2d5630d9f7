// What a process uses. Processor time is what it has taken so far, its threads and the kernel's
// work for it included: what an operation costs is this over a time, divided by how many there
// were.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace gridloom::bench {

// kNotFound: there is no such process.
[[nodiscard]] Result<double> process_time_s(pid_t process);
[[nodiscard]] double own_time_s();
// Its memory, as far as it lies in RAM; in 1,000,000 bytes. kNotFound.
[[nodiscard]] Result<double> resident_mb(pid_t process);

}  // namespace gridloom::bench
