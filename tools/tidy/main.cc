// gl_tidy ROOT: prints the findings in the tree and exits with 1 if there are any.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <vector>

#include "tidy/rules.h"
#include "tidy/tree.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: gl_tidy ROOT\n");
    return 2;
  }
  try {
    const auto tree = gridloom::tidy::Tree::load(argv[1]);
    const auto findings = gridloom::tidy::check_all(tree);
    for (const auto& finding : findings) fmt::print("{}\n", gridloom::tidy::to_text(finding));
    fmt::print("{} files, {} findings\n", tree.files().size(), findings.size());
    return findings.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& fault) {
    fmt::print(stderr, "gl_tidy: {}\n", fault.what());
    return 2;
  }
}
