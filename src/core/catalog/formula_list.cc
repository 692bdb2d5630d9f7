#include "catalog/formula_list.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace gridloom::catalog {
namespace {

using Operation = Formula::Operation;

// How many values a step leaves, less those that it takes.
int growth_of(Operation operation) {
  if (operation == Operation::kNumber || operation == Operation::kName) return 1;
  return operation == Operation::kNegate ? 0 : -1;
}

// Adds the steps of a formula with these names to another one.
void add_steps(std::span<const Formula::Step> steps, const std::vector<std::string>& names,
               Formula& to) {
  for (Formula::Step step : steps) {
    if (step.operation == Operation::kName) {
      const std::string& name = names.at(step.name);
      const auto found = std::ranges::find(to.names, name);
      step.name = static_cast<std::size_t>(found - to.names.begin());
      if (found == to.names.end()) to.names.push_back(name);
    }
    to.steps.push_back(step);
  }
}

}  // namespace

Formula join_formulas(const std::vector<Formula>& formulas) {
  Formula list;
  for (const Formula& formula : formulas) {
    list.text += (list.text.empty() ? "[" : ", ") + formula.text;
    add_steps(formula.steps, formula.names, list);
  }
  list.text += ']';
  return list;
}

std::vector<Formula> split_formulas(const Formula& list) {
  const std::span<const Formula::Step> steps(list.steps);
  // Where each formula begins: where a value is left that no later step takes.
  std::vector<std::size_t> begins;
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const int growth = growth_of(steps[k].operation);
    if (growth == 1) begins.push_back(k);
    if (growth == -1) begins.pop_back();
  }
  begins.push_back(steps.size());
  std::vector<Formula> formulas(begins.size() - 1);
  for (std::size_t k = 0; k < formulas.size(); ++k) {
    add_steps(steps.subspan(begins[k], begins[k + 1] - begins[k]), list.names, formulas[k]);
  }
  return formulas;
}

}  // namespace gridloom::catalog
