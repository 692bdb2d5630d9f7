// Finds the words that may stand next on a command line that is being typed, for the shell
// completions (completion_script()): commands and options from the command tree, and values by
// their placeholders: families, fields and faults from the device files, homes from the program,
// serial numbers and accounts from the data folder, if this user may read it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// The first word of the command line with which the completion scripts ask; it is no command.
inline constexpr std::string_view kCompleteWord = "__complete";

// Stand for names of files and of folders, which the shell knows.
inline constexpr std::string_view kFilesMark = ":files";
inline constexpr std::string_view kFoldersMark = ":dirs";

// `words`: those typed so far without the program's name; the last one is to be completed and may
// be empty. The candidates begin with it.
[[nodiscard]] std::vector<std::string> candidates(const CLI::App& root,
                                                  std::span<const std::string> words);

// `gridloom completion bash|zsh|fish`: prints a completion script for the shell. The script asks
// `gridloom __complete WORD...` what may stand next, so that it knows the commands,
// families, fields, faults and serial numbers of the installed program.

// The script; empty: there is none for the shell.
[[nodiscard]] std::string_view completion_script(std::string_view shell);

}  // namespace gridloom::app
