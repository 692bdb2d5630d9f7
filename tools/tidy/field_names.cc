// Checks that C++ names no device field, which would tie the program to one family: names, units
// and quirks are defined only in devices/*.yaml. Only names with a dot are checked, because no
// other string looks like them; the simulator's models and the tests may name fields.
#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

using Names = std::set<std::string, std::less<>>;

// The key of ` key: value`, at exactly that depth, without quotes.
std::string_view key_of(std::string_view line) {
  if (!line.starts_with("  ") || line.size() < 3 || line[2] == ' ' || line[2] == '#') return {};
  line.remove_prefix(2);
  if (line.starts_with('"')) return line.substr(1, line.find('"', 1) - 1);
  const std::size_t colon = line.find(": ");
  if (colon != std::string_view::npos) return line.substr(0, colon);
  return line.ends_with(':') ? line.substr(0, line.size() - 1) : std::string_view();
}

// A scan by lines is enough: the catalogue's own loader checks the files.
void read_names(const Source& device, Names& names) {
  bool in_fields = false;
  for (std::size_t number = 1; number <= device.line_count(); ++number) {
    const std::string_view line = device.line(number);
    if (line.empty() || line.starts_with('#')) continue;
    if (line[0] != ' ') in_fields = line.starts_with("fields:");
    const std::string_view key = key_of(line);
    if (in_fields && key.contains('.')) names.emplace(key);
  }
}

}  // namespace

void check_field_names(const Tree& tree, Report& report) {
  Names names;
  for (const Source& file : tree.files()) {
    if (file.under("devices/") && file.path().ends_with(".yaml")) read_names(file, names);
  }
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/") || file.under("src/sim/models/")) continue;
    if (file.is_test()) continue;
    for (const Literal& literal : file.literals()) {
      if (!names.contains(literal.content)) continue;
      report.at(
          file, literal.offset, fmt::format("the field '{}' in C++", literal.content),
          "let devices/*.yaml say what it means (nature, sign, effect) and ask the catalogue");
    }
  }
}

}  // namespace gridloom::tidy
