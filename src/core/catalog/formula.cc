#include "catalog/formula.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace gridloom::catalog {
namespace {

using Operation = Formula::Operation;

constexpr std::string_view kOperands =
    "a number, a field's name, min(..), max(..), ( or - must stand";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// A recursive descent; each function returns whether its part of the text is valid, and otherwise
// leaves the problem in `problem_`.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Formula> parse() {
    if (text_.size() > kMaxFormula) {
      return fail(ErrorCode::kMalformed, fmt::format("a formula has at most {} characters, and "
                                                     "this has {}",
                                                     kMaxFormula, text_.size()));
    }
    if (!sum(0) || !at_end()) {
      return fail(ErrorCode::kMalformed, fmt::format("\"{}\": {}", text_, problem_));
    }
    formula_.text = text_;
    return std::move(formula_);
  }

 private:
  // Notes what the text lacks at this place.
  bool miss(std::string_view what) {
    const std::string_view before = text_.substr(0, at_);
    problem_ = before.empty() ? fmt::format("at the beginning {}", what)
                              : fmt::format("after \"{}\" {}", before, what);
    return false;
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  [[nodiscard]] char peek() {
    skip_spaces();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip_spaces();
    return at_ == text_.size() || miss("+, -, *, / or the end must stand");
  }

  bool add(const Formula::Step& step) {
    if (formula_.steps.size() == kMaxFormulaSteps) {
      problem_ = fmt::format("a formula has at most {} numbers, names and signs", kMaxFormulaSteps);
      return false;
    }
    formula_.steps.push_back(step);
    return true;
  }
  bool add(Operation operation) { return add({.operation = operation}); }

  bool add_name(std::string_view name) {
    auto& names = formula_.names;
    const auto known = std::ranges::find(names, name);
    const auto index = static_cast<std::size_t>(known - names.begin());
    if (known == names.end()) names.emplace_back(name);
    return add({.operation = Operation::kName, .name = index});
  }

  // The operation of the sign that stands here, which is one of two; nothing if none stands here.
  struct Sign {
    char sign = '+';
    Operation operation = Operation::kAdd;
  };
  std::optional<Operation> accept_sign(const std::array<Sign, 2>& signs) {
    for (const Sign& one : signs) {
      if (accept(one.sign)) return one.operation;
    }
    return std::nullopt;
  }

  bool sum(std::size_t depth) {
    constexpr std::array<Sign, 2> kSigns = {{{'+', Operation::kAdd}, {'-', Operation::kSubtract}}};
    if (depth > kMaxFormulaDepth) {
      return miss(fmt::format("are more than {} levels of parentheses", kMaxFormulaDepth));
    }
    if (!product(depth)) return false;
    while (const auto operation = accept_sign(kSigns)) {
      if (!product(depth) || !add(*operation)) return false;
    }
    return true;
  }

  bool product(std::size_t depth) {
    constexpr std::array<Sign, 2> kSigns = {
        {{'*', Operation::kMultiply}, {'/', Operation::kDivide}}};
    if (!factor(depth)) return false;
    while (const auto operation = accept_sign(kSigns)) {
      if (!factor(depth) || !add(*operation)) return false;
    }
    return true;
  }

  bool factor(std::size_t depth) {
    bool negative = false;
    while (accept('-')) negative = !negative;
    if (!operand(depth)) return false;
    return !negative || add(Operation::kNegate);
  }

  bool operand(std::size_t depth) {
    const char c = peek();
    if (is_digit(c)) return number();
    if (c == '\'') return quoted_name();
    if (begins_name(c)) return name_or_function(depth);
    if (!accept('(')) return miss(kOperands);
    return sum(depth + 1) && (accept(')') || miss("+, -, *, / or ) must stand"));
  }

  bool number() {
    double value = 0;
    const char* end = text_.data() + text_.size();
    const auto [next, error] = std::from_chars(text_.data() + at_, end, value);
    if (error != std::errc()) return miss("stands a number that is too large or too small");
    at_ = static_cast<std::size_t>(next - text_.data());
    return add({.operation = Operation::kNumber, .number = value});
  }

  bool quoted_name() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return miss("begins a quoted name that does not end");
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return add_name(name);
  }

  // Whether the '*' at `at` is a segment of a name, as in pack.*.power.
  [[nodiscard]] bool is_segment(std::size_t at) const {
    return text_[at] == '*' && text_[at - 1] == '.' && at + 1 < text_.size() &&
           text_[at + 1] == '.';
  }

  bool name_or_function(std::size_t depth) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (begins_name(text_[at_]) || is_digit(text_[at_]) ||
                                  text_[at_] == '.' || is_segment(at_))) {
      ++at_;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (peek() != '(') return add_name(name);
    if (name == "min") return function(Operation::kMin, depth);
    if (name == "max") return function(Operation::kMax, depth);
    return miss("stands (, but there are no functions other than min and max");
  }

  bool function(Operation operation, std::size_t depth) {
    ++at_;  // (
    if (!sum(depth + 1)) return false;
    while (accept(',')) {
      if (!sum(depth + 1) || !add(operation)) return false;
    }
    return accept(')') || miss("+, -, *, /, a comma or ) must stand");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Formula formula_;
  std::string problem_;
};

double apply(Operation operation, double a, double b) {
  switch (operation) {
    case Operation::kAdd:
      return a + b;
    case Operation::kSubtract:
      return a - b;
    case Operation::kMultiply:
      return a * b;
    case Operation::kDivide:
      return b == 0 ? 0 : a / b;
    case Operation::kMin:
      return std::min(a, b);
    case Operation::kMax:
      return std::max(a, b);
    case Operation::kNumber:
    case Operation::kName:
    case Operation::kNegate:
      break;
  }
  return 0;
}

}  // namespace

Result<Formula> parse_formula(std::string_view text) { return Parser(text).parse(); }

double evaluate(const Formula& formula, std::span<const double> values) {
  std::array<double, kMaxFormulaSteps> stack{};
  std::size_t size = 0;
  for (const Formula::Step& step : formula.steps) {
    if (step.operation == Operation::kNumber) {
      stack.at(size++) = step.number;
    } else if (step.operation == Operation::kName) {
      stack.at(size++) = values[step.name];
    } else if (step.operation == Operation::kNegate) {
      stack.at(size - 1) = -stack.at(size - 1);
    } else {
      --size;
      const double result = apply(step.operation, stack.at(size - 1), stack.at(size));
      stack.at(size - 1) = std::isfinite(result) ? result : 0;
    }
  }
  return size == 0 ? 0 : stack.front();
}

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
