// Checks the form of a file. Columns are counted in characters, not bytes.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

constexpr std::size_t kMaxLines = 700;
constexpr std::size_t kMaxColumns = 100;
constexpr std::size_t kSmallFile = 80;  // lines

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// A line inside a raw string cannot be broken without changing the string.
bool is_in_raw_string(const Source& file, std::size_t number) {
  return std::ranges::any_of(file.literals(), [&](const Literal& literal) {
    return literal.content.contains('\n') && file.line_of(literal.offset) <= number &&
           number <= file.line_of(literal.offset + literal.content.size());
  });
}

void check_lines(const Source& file, Report& report) {
  for (std::size_t number = 1; number <= file.line_count(); ++number) {
    const std::string_view line = file.line(number);
    if (columns(line) <= kMaxColumns || line.contains("://")) continue;
    if (is_in_raw_string(file, number)) continue;
    report.at_line(file, number, fmt::format("a line of {} columns", columns(line)),
                   fmt::format("break it at {}", kMaxColumns));
  }
}

void check_opening(const Tree& tree, const Source& file, Report& report) {
  if (file.text().starts_with("//")) return;
  if (!file.is_header()) {
    // a.h has the opening comment for a.cc, and a.cc for a_test.cc.
    std::string stem = file.path().substr(0, file.path().size() - 3);
    const bool has_header = tree.has(stem + ".h");
    stem.resize(stem.size() - (stem.ends_with("_test") ? 5 : 0));
    const bool has_tested = file.is_test() && (tree.has(stem + ".cc") || tree.has(stem + ".h"));
    if (has_header || has_tested || file.line_count() <= kSmallFile) return;
  }
  report.at_line(file, 1, "the file does not open with a comment",
                 "say what it is, why so, and its invariant");
}

void check_own_header(const Tree& tree, const Source& file, Report& report) {
  if (!file.path().ends_with(".cc")) return;
  std::string header = file.path().substr(0, file.path().size() - 3) + ".h";
  if (!tree.has(header)) return;
  header.erase(0, header.find('/') + 1);
  // Rooms stand in the folder of their wing, those of the program that know another in app/wings.
  constexpr std::string_view kWings = "app/wings/";
  const std::string in_wing =
      header.substr(header.starts_with(kWings) ? kWings.size() : header.find('/') + 1);
  for (std::size_t number = 1; number <= file.line_count(); ++number) {
    if (!file.line(number).starts_with("#include ")) continue;
    if (file.line(number) != fmt::format("#include \"{}\"", header) &&
        file.line(number) != fmt::format("#include \"{}\"", in_wing)) {
      report.at_line(
          file, number, "the file's own header is not its first include",
          fmt::format("put \"{}\" first, so that what it forgot to include shows", header));
    }
    return;
  }
}

}  // namespace

void check_form(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    const bool is_data = file.under("devices/") || file.under("homes/");
    if (is_data && file.path().ends_with(".yaml")) check_lines(file, report);
    if (!file.is_cpp()) continue;
    if (file.line_count() > kMaxLines) {
      report.at_line(file, kMaxLines + 1, fmt::format("a file of {} lines", file.line_count()),
                     fmt::format("split it by what it does; {} is a sitting", kMaxLines));
    }
    check_opening(tree, file, report);
    if (file.is_header() && !file.code().contains("#pragma once")) {
      report.at_line(file, 1, "a header without #pragma once", "put it below the opening comment");
    }
    check_lines(file, report);
    check_own_header(tree, file, report);
  }
}

}  // namespace gridloom::tidy
