// Explains a command line that cannot be understood: names the wrong word and what may be meant.
#pragma once

#include <span>
#include <string>

#include "app/process/process.h"
#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
class ParseError;
}  // namespace CLI

namespace gridloom::app {

// The message for a command line that the parser refused with `error`; `words` are its words
// without the program's name.
[[nodiscard]] std::string explain_usage(const CLI::App& root, std::span<const std::string> words,
                                        const CLI::ParseError& error);

// The message about a word among `words` that is no command, which the parser leaves out where it
// was asked for help; empty: there is none.
[[nodiscard]] std::string unknown_command_in(const CLI::App& root,
                                             std::span<const std::string> words);

// The error for a word that is no command below `group`, with the nearest ones.
[[nodiscard]] Error unknown_command(const CLI::App& group, const std::string& word);

// Prints "gridloom: DETAIL" on standard error. Returns exit_code_of() the error.
[[nodiscard]] int report_error(const Error& error);
// The same with another exit code, which it returns.
[[nodiscard]] int report_error(const Error& error, int exit_code);

}  // namespace gridloom::app
