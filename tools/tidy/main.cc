// gl_tidy ROOT: prints the findings in the tree and exits with 1 if there are any.
// gl_tidy --write-ratchet ROOT: writes the list of what is above its limit with the sizes of now;
// prints why not and exits with 1 if one of them has grown or is new.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <vector>

#include "tidy/rules.h"
#include "tidy/tree.h"

namespace {

using gridloom::tidy::Finding;
using gridloom::tidy::Tree;

void print(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) fmt::print("{}\n", gridloom::tidy::to_text(finding));
}

int check(const Tree& tree) {
  const auto findings = gridloom::tidy::check_all(tree);
  print(findings);
  fmt::print("{} files, {} findings\n", tree.files().size(), findings.size());
  return findings.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int write_ratchet(const Tree& tree, const std::filesystem::path& root) {
  gridloom::tidy::Report report;
  const auto text = gridloom::tidy::new_ratchet(tree, report);
  print(report.findings());
  if (!text) return EXIT_FAILURE;
  const auto path = root / gridloom::tidy::kRatchet;
  std::ofstream out(path, std::ios::binary);
  out << *text;
  out.close();
  if (out) return EXIT_SUCCESS;
  fmt::print(stderr, "gl_tidy: {} cannot be written\n", path.string());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const bool writes = argc == 3 && std::string_view(arguments[1]) == "--write-ratchet";
  if (argc != 2 && !writes) {
    fmt::print(stderr, "usage: gl_tidy [--write-ratchet] ROOT\n");
    return 2;
  }
  try {
    const auto tree = Tree::load(arguments.back());
    return writes ? write_ratchet(tree, arguments.back()) : check(tree);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "gl_tidy: {}\n", fault.what());
    return 2;
  }
}
