// Several formulas in one, whose steps leave a value for each of them: the signal of an array has
// one for each element. Pure.
#pragma once

#include <vector>

#include "catalog/formula.h"

namespace gridloom::catalog {

// The list is no formula to evaluate() as a whole; split_formulas() undoes it.
[[nodiscard]] Formula join_formulas(const std::vector<Formula>& formulas);
// A formula that is no list is split into itself.
[[nodiscard]] std::vector<Formula> split_formulas(const Formula& list);

}  // namespace gridloom::catalog
