#include "tidy/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace gridloom::tidy {
namespace {

// An allowance without a reason is invalid.
bool is_allowed(std::string_view line) {
  constexpr std::string_view kMark = "tidy: allowed, ";
  const std::size_t at = line.find(kMark);
  return at != std::string_view::npos && line.size() > at + kMark.size();
}

}  // namespace

std::string to_text(const Finding& finding) {
  return fmt::format("{}:{}: error: {}; {}", finding.file, finding.line, finding.what,
                     finding.cure);
}

void Report::at_line(const Source& file, std::size_t line, std::string what, std::string cure) {
  if (line >= 1 && line <= file.line_count() && is_allowed(file.line(line))) return;
  at_line_always(file, line, std::move(what), std::move(cure));
}

void Report::at_line_always(const Source& file, std::size_t line, std::string what,
                            std::string cure) {
  findings_.push_back({.file = file.path(),
                       .line = std::max<std::size_t>(line, 1),
                       .what = std::move(what),
                       .cure = std::move(cure)});
}

std::vector<Finding> check_all(const Tree& tree) {
  Report report;
  check_layers(tree, report);
  check_budgets(tree, report);
  check_form(tree, report);
  check_words(tree, report);
  check_retired_names(tree, report);
  check_coroutines(tree, report);
  check_field_names(tree, report);
  check_topics(tree, report);
  check_documents(tree, report);
  check_places(tree, report);
  check_copies(tree, report);
  check_unused(tree, report);
  check_sizes(tree, report);
  std::vector<Finding> findings = report.findings();
  std::ranges::sort(findings, {}, [](const Finding& finding) {
    return std::tie(finding.file, finding.line, finding.what);
  });
  return findings;
}

}  // namespace gridloom::tidy
