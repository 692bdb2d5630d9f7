// What a computation costs, as a count that is the same on every machine and under any load.
//
// A unit is one of: an edge of the control flow graph that was run, of code that was compiled for
// this (-fsanitize-coverage=trace-pc-guard); 16 bytes that were copied, filled, compared or
// searched, wherever from; a call of such a function; 4 bytes that were authenticated. An
// allocation is 8 units. What else a shared library does is not counted.
#pragma once

#include <cstdint>

namespace gridloom::cost {

// Of the whole process since its start. One thread.
[[nodiscard]] std::uint64_t units_spent();

}  // namespace gridloom::cost
