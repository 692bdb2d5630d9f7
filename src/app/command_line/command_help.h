// The help of all commands: their groups, typed placeholders, examples and layout.
//
// A placeholder (the type name of an option or argument) says what kind of value stands there; the
// shell completions offer values by it (complete.h), so one kind has one placeholder everywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
class FormatterBase;
class Option;
}  // namespace CLI

namespace gridloom::app {

// The groups of `gridloom help`, in its order.
namespace group {
inline constexpr const char* kUse = "Use the home";
inline constexpr const char* kRun = "Run a server";
inline constexpr const char* kTest = "Test with virtual devices";
inline constexpr const char* kInspect = "Look inside";
}  // namespace group

namespace placeholder {
inline constexpr const char* kAccount = "ACCOUNT";
inline constexpr const char* kAddress = "ADDR:PORT";
inline constexpr const char* kCondition = "CONDITION";
inline constexpr const char* kCount = "N";
inline constexpr const char* kFault = "FAULT";
inline constexpr const char* kField = "FIELD";
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kFolder = "DIR";
inline constexpr const char* kFolderOrDatabase = "DIR|URL";
inline constexpr const char* kFamily = "FAMILY";
inline constexpr const char* kHome = "HOME";
inline constexpr const char* kHomeOrFile = "NAME|FILE";
inline constexpr const char* kLimit = "NAME=VALUE";
inline constexpr const char* kName = "NAME";
inline constexpr const char* kProfile = "PROFILE";
inline constexpr const char* kSn = "SN";
inline constexpr const char* kSpan = "SPAN";
inline constexpr const char* kTime = "TIME";
inline constexpr const char* kWhat = "COMMAND|FIELD";
inline constexpr const char* kWord = "WORD";
}  // namespace placeholder

// Puts a top-level command into a group.
void set_group(CLI::App& command, const char* group);
// Command lines for the end of the command's help.
void set_examples(CLI::App& command, const std::vector<std::string_view>& examples);

// The command of the group that a word names, by its name or another one (add_alias()); nullptr:
// none.
[[nodiscard]] const CLI::App* command_named(const CLI::App& group, const std::string& word);

// The full name, such as "account add", from the root's child down to the command; empty for the
// root.
[[nodiscard]] std::string name_of(const CLI::App& command);
// "--owner" of an option and "SN" of an argument. An option's further long names are former
// spellings, which are accepted and not shown.
[[nodiscard]] std::string shown_name(const CLI::Option& option);
// The placeholder of an option's value or of an argument; empty for a switch.
[[nodiscard]] std::string placeholder_of(const CLI::Option& option);

[[nodiscard]] std::string help_text(const CLI::App& command);
// A formatter that prints help_text(); commands that are added later inherit it.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace gridloom::app
