// The rules: each looks at the whole tree and reports what it finds, with the cure.
//
// A rule holds everywhere it says, or it is no rule; the one way out is a comment on the line
// itself that says why: `tidy: allowed, <reason>`.
#pragma once

#include <cstddef>
#include <string>
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
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::vector<Finding> findings_;
};

// layers.txt is bottom-up and complete; rooms include only what it lets them.
void check_layers(const Tree& tree, Report& report);
// Length of files and lines, the opening comment, #pragma once, the own header first.
void check_form(const Tree& tree, Report& report);
// Calls and words that have a better form here.
void check_words(const Tree& tree, Report& report);
// What stands inside a co_await expression.
void check_coroutines(const Tree& tree, Report& report);
// Fields of devices are data: C++ outside the simulator's models names none.
void check_field_names(const Tree& tree, Report& report);
// Files that the documentation names exist.
void check_documents(const Tree& tree, Report& report);
// Nothing points at one machine or one package mirror.
void check_places(const Tree& tree, Report& report);

// All of them, sorted by file and line.
[[nodiscard]] std::vector<Finding> check_all(const Tree& tree);

}  // namespace gridloom::tidy
