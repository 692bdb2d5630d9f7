// The configuration file of `gridloom --config FILE serve`: options of serve, KEY = VALUE, one a
// line. A mistake in it is named with its file and line.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace gridloom::app {

// The limits of the file have an option of their own: those on the command line would otherwise
// replace them.
inline constexpr const char* kLimitsOfFile = "limits-of-file";

// Gives the root command the option --config. `serve` must be there, because the keys are its
// options.
void accept_config_file(CLI::App& root);

// "FILE:3: " of the line that gives the option, "--log-level", if it is the configuration file that
// gives it; empty: the words of the command line do.
[[nodiscard]] std::string place_in_config(const CLI::App& root, std::span<const std::string> words,
                                          std::string_view option);

}  // namespace gridloom::app
