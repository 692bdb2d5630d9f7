// Formulas over the fields of a family, such as `pv.power + max(bat.power, 0) * 0.97`:
//
//   sum     = product { ("+" | "-") product }
//   product = factor { ("*" | "/") factor }
//   factor  = { "-" } ( number | name | "(" sum ")" | ("min" | "max") "(" sum { "," sum } ")" )
//   name    = letters, digits, "_" and ".", a letter or "_" first, where a segment may be "*";
//             any other name of a field in single quotes: '20_1.watts'
//
// A Formula is immutable after parsing; any thread. Parsing and evaluation take time linear in the
// text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::catalog {

inline constexpr std::size_t kMaxFormula = 400;      // bytes
inline constexpr std::size_t kMaxFormulaDepth = 16;  // levels of parentheses
inline constexpr std::size_t kMaxFormulaSteps = 100;

struct Formula {
  enum class Operation : std::uint8_t {
    kNumber,
    kName,
    kNegate,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kMin,
    kMax
  };
  struct Step {
    Operation operation = Operation::kNumber;
    double number = 0;     // of kNumber
    std::size_t name = 0;  // of kName: its index in `names`
  };
  std::string text;
  std::vector<Step> steps;         // in postfix order; at most kMaxFormulaSteps
  std::vector<std::string> names;  // of fields, each once
};

// kMalformed: the detail quotes the text and says where which words would be valid.
[[nodiscard]] Result<Formula> parse_formula(std::string_view text);

// The value, given those of Formula::names. A division by 0, and whatever is too large for a
// double, gives 0.
[[nodiscard]] double evaluate(const Formula& formula, std::span<const double> values);

// Several formulas in one, whose steps leave a value for each of them: the signal of an array has
// one for each element. Pure.
// The list is no formula to evaluate() as a whole; split_formulas() undoes it.
[[nodiscard]] Formula join_formulas(const std::vector<Formula>& formulas);
// A formula that is no list is split into itself.
[[nodiscard]] std::vector<Formula> split_formulas(const Formula& list);

}  // namespace gridloom::catalog
