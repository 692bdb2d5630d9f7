#include "app/command_line/command.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <utility>

namespace gridloom::app {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::check(Check check) {
  option_->check(std::move(check));
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

Option& Option::repeatable() {
  option_->expected(1)->take_all();
  return *this;
}

Option& Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}

Option& Option::group(const std::string& name) {
  option_->group(name);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

bool Option::is_given() const { return option_->count() > 0; }

template <OptionValue T>
Option add_value(CLI::App& command, const std::string& names, T& value, const char* placeholder,
                 std::string_view help) {
  return Option(command.add_option(names, value, std::string(help))->type_name(placeholder));
}

// Each type of OptionValue.
// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
#define GL_ADD_VALUE(T)                                                            \
  template Option add_value(CLI::App& command, const std::string& names, T& value, \
                            const char* placeholder, std::string_view help)
GL_ADD_VALUE(std::string);
GL_ADD_VALUE(std::vector<std::string>);
GL_ADD_VALUE(std::vector<std::int64_t>);
GL_ADD_VALUE(int);
GL_ADD_VALUE(unsigned);
GL_ADD_VALUE(std::int64_t);
GL_ADD_VALUE(std::uint64_t);
GL_ADD_VALUE(double);
GL_ADD_VALUE(std::optional<double>);
GL_ADD_VALUE(std::filesystem::path);
#undef GL_ADD_VALUE
// NOLINTEND(bugprone-macro-parentheses)

Option add_flag(CLI::App& command, const std::string& names, bool& value, const std::string& help) {
  return Option(command.add_flag(names, value, help));
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help) {
  return parent.add_subcommand(name, help);
}

void add_alias(CLI::App& command, const std::string& alias) { command.alias(alias); }

void require_command_below(CLI::App& command) { command.require_subcommand(1); }

void allow_command_below(CLI::App& command, Action& chosen, Action action) {
  command.require_subcommand(0, 1);
  // Runs before the callback of a command below, which overrides it.
  command.preparse_callback(
      [&chosen, action = std::move(action)](std::size_t) { chosen = action; });
}

void accept_options_of_parent(CLI::App& command) { command.fallthrough(); }

void set_action(CLI::App& command, Action& chosen, Action action) {
  command.callback([&chosen, action = std::move(action)] { chosen = action; });
}

CLI::App* command_below(CLI::App& parent, const std::string& name) {
  return parent.get_subcommand(name);
}

}  // namespace gridloom::app
