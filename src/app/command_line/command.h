// Declares commands, their arguments and options.
//
// This hides the header of CLI11, which takes longer to compile than a command. It is for
// command.cc, for the root command (cli.cc), and for what reads the declared commands back: help,
// completion, manual page, error messages.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
class Option;
}  // namespace CLI

namespace gridloom::app {

// Returns the error message for a value; empty: the text is valid.
using Check = std::function<std::string(const std::string&)>;
// Runs a command and returns the exit code.
using Action = std::function<int()>;

// An option or an argument of a command; what else is to be known of it follows its declaration:
// add_value(...).required().check(...).
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  Option& check(Check check);
  // The help shows the value that the variable has now.
  Option& show_default();
  // A vector's option that takes one value each time it is given.
  Option& repeatable();
  // A vector's option whose values may be given as one, with this character between them.
  Option& delimiter(char between);
  // The heading of the help that it is under; empty: the help leaves it out.
  Option& group(const std::string& name);
  Option& excludes(const Option& other);
  Option& needs(const Option& other);

  [[nodiscard]] bool is_given() const;

 private:
  CLI::Option* option_;
};

// The types of values that options have.
template <typename T>
concept OptionValue =
    std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>> ||
    std::same_as<T, std::vector<std::int64_t>> || std::same_as<T, int> ||
    std::same_as<T, unsigned> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t> ||
    std::same_as<T, double> || std::same_as<T, std::optional<double>> ||
    std::same_as<T, std::filesystem::path>;

// An option, "--name", or an argument, "name", with a placeholder (command_help.h). It sets
// `value`, which outlives the command.
template <OptionValue T>
Option add_value(CLI::App& command, const std::string& names, T& value, const char* placeholder,
                 std::string_view help);
// A switch.
Option add_flag(CLI::App& command, const std::string& names, bool& value, const std::string& help);

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help);
// Another name of the command that people type; help and completion do not show it.
void add_alias(CLI::App& command, const std::string& alias);
// The command is given with one of the commands below it.
void require_command_below(CLI::App& command);
// The command is given alone, for `action`, or with one of the commands below it.
void allow_command_below(CLI::App& command, Action& chosen, Action action);
// Options of the parent may be given after the command as well.
void accept_options_of_parent(CLI::App& command);
// If the command line has the command, `chosen` becomes `action`.
void set_action(CLI::App& command, Action& chosen, Action action);

// The command below `parent` that was added with this name.
[[nodiscard]] CLI::App* command_below(CLI::App& parent, const std::string& name);

}  // namespace gridloom::app
