// In place of counter.cc where time is measured: nothing is counted.
#include "cost/counter.h"

namespace gridloom::cost {

std::uint64_t units_spent() { return 0; }

}  // namespace gridloom::cost
