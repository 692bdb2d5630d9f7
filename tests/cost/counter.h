// Counts the cost of a computation in units that are the same on every machine and under any load.
//
// A unit is one of: an executed edge of the control flow graph, in code compiled for this purpose
// (-fsanitize-coverage=trace-pc-guard); 16 bytes copied, filled, compared or searched, by any
// caller; a call of such a function; 4 bytes authenticated. An allocation is 8 units. Other work
// inside shared libraries is not counted.
#pragma once

#include <cstdint>

namespace gridloom::cost {

// Units spent by the whole process since its start. One thread.
[[nodiscard]] std::uint64_t units_spent();

}  // namespace gridloom::cost
