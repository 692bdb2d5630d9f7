// Finds production code of src/ that no production code uses: headers that nothing includes but
// their own .cc, and names of headers that stand nowhere but in their declaration and their
// definition. Tests count as no use, and neither do conformance suites, which only tests run.
//
// Names are counted, not resolved: one that has a namesake anywhere is not found.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tidy/definitions.h"
#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

// Folders with code for users outside of the tree's production code.
constexpr std::array kForOthers = std::to_array<std::string_view>({
    // The client's library, which the CMake package offers to other programs.
    "src/core/client/",
});
// Functions that the language or a library calls by their names.
constexpr std::array kCalledByName = std::to_array<std::string_view>(
    {"await_ready", "await_suspend", "await_resume", "get_return_object", "initial_suspend",
     "is_transparent", "final_suspend", "unhandled_exception", "return_value", "return_void"});

bool is_production(const Source& file) {
  return file.is_cpp() && !file.is_test() && !file.path().contains("conformance");
}

bool is_checked(const Source& file) {
  return is_production(file) && file.is_header() && file.under("src/") &&
         std::ranges::none_of(kForOthers,
                              [&](std::string_view folder) { return file.under(folder); });
}

// The .cc of a header, as far as there is one.
const Source* implementation_of(const Tree& tree, const Source& header) {
  return tree.find(header.path().substr(0, header.path().rfind('.')) + ".cc");
}

// The headers that production files include, each as it is written there, from its room.
class Includes {
 public:
  explicit Includes(const Tree& tree) {
    for (const Source& file : tree.files()) {
      if (is_production(file)) add(file);
    }
  }

  [[nodiscard]] bool has(const Source& header) const {
    const std::string_view path = header.path();
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      if (targets_.contains(path.substr(slash + 1))) return true;
    }
    return false;
  }

 private:
  // The first include of a .cc is its own header.
  void add(const Source& file) {
    constexpr std::string_view kInclude = "#include \"";
    const std::string_view stem = std::string_view(file.path()).substr(0, file.path().rfind('.'));
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      std::string_view line = file.line(number);
      if (!line.starts_with(kInclude)) continue;
      line.remove_prefix(kInclude.size());
      const std::string_view target = line.substr(0, line.find('"'));
      const std::string own = fmt::format("/{}", target.substr(0, target.rfind('.')));
      if (!stem.ends_with(own)) targets_.insert(target);
    }
  }

  std::set<std::string_view> targets_;
};

using Counts = std::unordered_map<std::string_view, std::size_t>;

void count_names(const Source& file, Counts& counts) {
  for (const Token& token : file.tokens()) {
    if (is_word(token.text[0])) ++counts[token.text];
  }
}

std::size_t count_of(const Counts& counts, std::string_view name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void check_names(const Source& header, const Source* implementation, const Counts& all,
                 Report& report) {
  Counts here;
  count_names(header, here);
  Counts there;
  if (implementation != nullptr) count_names(*implementation, there);
  for (const Declaration& declaration : declarations_of(header)) {
    const std::string_view name = declaration.name;
    const std::size_t defined = declaration.kind == DeclarationKind::kFunction ? 1 : 0;
    const std::size_t in_implementation = count_of(there, name);
    if (count_of(here, name) != 1 || in_implementation > defined ||
        count_of(all, name) != 1 + in_implementation ||
        std::ranges::find(kCalledByName, name) != kCalledByName.end()) {
      continue;
    }
    report.at(header, declaration.offset, fmt::format("no production code uses {}", name),
              "remove it, or move it to a header for tests if they need it");
  }
}

}  // namespace

void check_unused(const Tree& tree, Report& report) {
  const Includes includes(tree);
  Counts all;
  for (const Source& file : tree.files()) {
    if (is_production(file)) count_names(file, all);
  }
  for (const Source& file : tree.files()) {
    if (!is_checked(file)) continue;
    const Source* implementation = implementation_of(tree, file);
    if (includes.has(file)) {
      check_names(file, implementation, all, report);
    } else if (implementation != nullptr) {
      report.at_line(file, 1, "no production file includes this header but its own .cc",
                     "remove both, or move them to a header for tests if they need it");
    }
  }
}

}  // namespace gridloom::tidy
