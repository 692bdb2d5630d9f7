// The words of a command line as people type them, before they are parsed. Pure.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace gridloom::app {

// Puts options of a command that stand before it behind it: `--data DIR status` becomes
// `status --data DIR`. Words of which that does not make sense stay as they are, for the parser to
// refuse.
[[nodiscard]] std::vector<std::string> options_behind_command(
    const CLI::App& root, const std::vector<std::string>& words);

}  // namespace gridloom::app
