// The rules of the tidy tool: each checks the whole tree and reports its findings, with a remedy
// for each.
//
// A rule holds everywhere it says, or it is no rule; the one way out is a comment on the line
// itself that says why: `tidy: allowed, <reason>`. Sizes have other ways out: a table says above
// itself `tidy: table, <reason>`, and the definitions that were too large when the rule was made
// are listed in tools/tidy/ratchet.txt.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/tree.h"

namespace gridloom::tidy {

struct Finding {
  std::string file;
  std::size_t line = 0;
  std::string what;
  std::string cure;
};

// file:line: error: what; cure
[[nodiscard]] std::string to_text(const Finding& finding);

class Report {
 public:
  void at_line(const Source& file, std::size_t line, std::string what, std::string cure);
  void at(const Source& file, std::size_t offset, std::string what, std::string cure) {
    at_line(file, file.line_of(offset), std::move(what), std::move(cure));
  }
  // Also if the line has a mark that allows it.
  void at_line_always(const Source& file, std::size_t line, std::string what, std::string cure);
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::vector<Finding> findings_;
};

// layers.txt is bottom-up and complete; each folder includes only what layers.txt allows, and
// headers for tests only in tests.
void check_layers(const Tree& tree, Report& report);
// The lines of code of each wing are within its row of layers.txt.
void check_budgets(const Tree& tree, Report& report);
// Length of files and lines, the opening comment, #pragma once, a file's own header first. Device
// files are checked for the length of their lines.
void check_form(const Tree& tree, Report& report);
// Calls and words for which the project has a better form.
void check_words(const Tree& tree, Report& report);
// Retired names, which were replaced by the terms of the field.
void check_retired_names(const Tree& tree, Report& report);
// The contents of co_await expressions.
void check_coroutines(const Tree& tree, Report& report);
// Device fields are data: C++ code outside the simulator's models names none of them.
void check_field_names(const Tree& tree, Report& report);
// Topics are spelled in src/core/wire/topics.h alone.
void check_topics(const Tree& tree, Report& report);
// Files named in the documentation exist.
void check_documents(const Tree& tree, Report& report);
// No file refers to a particular machine or package mirror.
void check_places(const Tree& tree, Report& report);

// Regions of production files that are the same but for the words in them.
void check_copies(const Tree& tree, Report& report);
// Headers and declarations of production code that no production code uses.
void check_unused(const Tree& tree, Report& report);

// The number of declarations of classes and of lines of functions, of types with the same name, and
// of words in comments that have better ones; the ratchet lists exceptions.
void check_sizes(const Tree& tree, Report& report);

constexpr std::string_view kRatchet = "tools/tidy/ratchet.txt";
// The ratchet's text with the sizes that the tree has now. Nothing, and findings in the report, if
// that would add a line or raise a number; a tree without a ratchet gets its first.
[[nodiscard]] std::optional<std::string> new_ratchet(const Tree& tree, Report& report);

// Findings of all rules, sorted by file and line.
[[nodiscard]] std::vector<Finding> check_all(const Tree& tree);

}  // namespace gridloom::tidy
