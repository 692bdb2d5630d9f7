// Replaces counter.cc in measurements of time: nothing is counted.
#include "cost/counter.h"

namespace gridloom::cost {

std::uint64_t units_spent() { return 0; }

}  // namespace gridloom::cost
