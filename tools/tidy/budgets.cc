// Holds each wing of src/ to the lines of code that layers.txt allows it: lines that are not blank,
// no comment alone and no include, of files that are not for tests. A budget grows in a commit that
// says what the lines bring, and shrinks with the code.
#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

// A row "lines WING NUMBER".
constexpr std::string_view kRow = "lines ";
// What a wing may have less than its budget.
constexpr std::size_t kSpare = 400;

bool is_code(const Source& file, std::size_t number) {
  constexpr std::string_view kBlanks = " \t";
  const std::string_view line = file.line(number);
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return false;
  return !line.substr(first).starts_with("//") && !line.starts_with("#include ");
}

using Counts = std::map<std::string, std::size_t, std::less<>>;

Counts lines_of_wings(const Tree& tree) {
  constexpr std::string_view kSource = "src/";
  Counts counts;
  for (const Source& file : tree.files()) {
    if (!file.under(kSource) || !file.is_cpp() || file.is_test()) continue;
    const std::string_view below = std::string_view(file.path()).substr(kSource.size());
    const std::size_t slash = below.find('/');
    if (slash == std::string_view::npos) continue;
    std::size_t& count = counts[std::string(below.substr(0, slash))];
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      if (is_code(file, number)) ++count;
    }
  }
  return counts;
}

}  // namespace

void check_budgets(const Tree& tree, Report& report) {
  const Source* layers = tree.find("layers.txt");
  if (layers == nullptr) return;
  const Counts counts = lines_of_wings(tree);
  Counts budgets;
  for (std::size_t number = 1; number <= layers->line_count(); ++number) {
    const std::string_view line = layers->line(number);
    if (!line.starts_with(kRow)) continue;
    const std::string_view row = line.substr(kRow.size());
    const std::string wing(row.substr(0, row.find(' ')));
    std::size_t budget = 0;
    const std::string_view text = row.substr(std::min(row.size(), wing.size() + 1));
    std::from_chars(text.data(), text.data() + text.size(), budget);
    budgets[wing] = budget;
    const auto found = counts.find(wing);
    const std::size_t has = found == counts.end() ? 0 : found->second;
    if (has > budget) {
      report.at_line(
          *layers, number,
          fmt::format("{} has {} lines of code, and its budget is {}", wing, has, budget),
          "take something out, or raise it and say in the commit what the lines bring");
    } else if (budget - has > kSpare) {
      report.at_line(
          *layers, number,
          fmt::format("{} has {} lines of code, far below its budget of {}", wing, has, budget),
          "lower the budget, so that what was taken out stays out");
    }
  }
  if (budgets.empty()) return;
  for (const auto& [wing, has] : counts) {
    if (wing == "testing" || budgets.contains(wing)) continue;
    report.at_line(*layers, 1, fmt::format("{} has no budget", wing),
                   fmt::format("add the row `{}{} {}`", kRow, wing, has));
  }
}

}  // namespace gridloom::tidy
